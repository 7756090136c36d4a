"""What Python says to the JVM, in fewer words: PySpark builds every expression by calls, two hundred thousand a small night.

Here is what needs no call, or one for many; results are the same.
"""

from __future__ import annotations

import queue
import threading
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from py4j.java_gateway import JavaClass, JavaObject  # type: ignore[import-untyped]
from py4j.protocol import (  # type: ignore[import-untyped]
    ENTRY_POINT_OBJECT_ID,
    GATEWAY_SERVER_OBJECT_ID,
    Py4JError,
    register_input_converter,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pyspark.sql import SparkSession

AT_ONCE = 10
"""How many elements `java.util.List.of` takes."""
PAUSE = 0.2
"""Seconds for which freed objects wait for others: they hold plans, and what those hold."""
KEPT = 10_000
"""How many names and constants are kept."""


def with_few_calls(spark: SparkSession) -> SparkSession:
    """Return `spark`, whose process asks its JVM for no more than it must. For a JVM of our own."""
    gateway: Any = spark.sparkContext._gateway  # noqa: SLF001
    client = gateway._gateway_client  # noqa: SLF001
    if "garbage_collect_object" not in vars(client):  # it is told all this once
        _keep_names(gateway.jvm)
        _free_together(gateway)
    if not any(isinstance(one, _Lists) for one in client.converters):  # py4j keeps one list for all
        register_input_converter(_Lists(), prepend=True)
    return spark


def _keep_names(jvm: Any) -> None:
    """Keep what expressions ask for: PySpark looks the class and the function up again for each, and py4j walks all JARs for it."""
    from pyspark.sql import functions  # noqa: PLC0415

    there = jvm.functions
    for name in set(dir(there)) & set(functions.__all__):
        setattr(there, name, getattr(there, name))
    there.col, there.lit = _kept(there.col), _of_constants(there.lit)
    for name, found in {"functions": there, "PythonUtils": jvm.PythonUtils}.items():
        setattr(jvm, name, found)
    setattr(jvm, "org.apache.spark.sql.functions", there)


def _kept(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the function, asked once for each value and type: columns never change."""

    @lru_cache(maxsize=KEPT, typed=True)
    def once(value: Any) -> Any:
        return function(value)

    return once


def _of_constants(lit: Callable[[Any], Any]) -> Callable[[Any], Any]:
    kept = _kept(lit)

    def of_constant(value: Any) -> Any:
        return kept(value) if value is None or isinstance(value, str | int | bool) else lit(value)

    return of_constant


class _Lists:
    """Lists as py4j hands them over, ten elements a call and not one."""

    def can_convert(self, value: Any) -> bool:
        return isinstance(value, list) and all(one is not None for one in value)  # `List.of` takes no null

    def convert(self, value: Sequence[Any], client: Any) -> Any:
        there = JavaClass("java.util.ArrayList", client)()
        several = JavaClass("java.util.List", client).of
        for start in range(0, len(value), AT_ONCE):
            there.addAll(several(*value[start : start + AT_ONCE]))
        return there


def _free_together(gateway: Any) -> None:
    """Tell the JVM of many freed objects at once: py4j says it of each, two of five things that are said."""
    client = gateway._gateway_client  # noqa: SLF001
    freed: queue.SimpleQueue[str] = queue.SimpleQueue()  # one may be freed while another is put in
    held = JavaObject(GATEWAY_SERVER_OBJECT_ID, client).getGateway().getBindings().keySet()
    listed = gateway.jvm.org.apache.hadoop.util.StringUtils.getStringCollection

    def free() -> None:
        while True:
            names = [freed.get()]
            time.sleep(PAUSE)
            names += _waiting(freed)
            try:
                held.removeAll(listed(",".join(names)))
            except (Py4JError, OSError):  # the JVM is gone, or has no room: from now on py4j tells of each
                del client.garbage_collect_object
                return

    def let_go(name: str, enqueue: bool = True) -> None:  # noqa: ARG001  (as py4j calls it)
        if name not in (ENTRY_POINT_OBJECT_ID, GATEWAY_SERVER_OBJECT_ID):  # which were there before us
            freed.put(name)

    client.garbage_collect_object = let_go
    threading.Thread(target=free, name="free-java-objects", daemon=True).start()


def _waiting(freed: queue.SimpleQueue[str]) -> Iterator[str]:
    while True:
        try:
            yield freed.get_nowait()
        except queue.Empty:
            return
