"""Independent work side by side: planning a query keeps one core busy, so a night plans a few at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

THREADS = 4
T = TypeVar("T")


def together(jobs: Iterable[Callable[[], T]], *, at_once: int = THREADS) -> list[T]:
    """Run jobs that don't wait for each other, so many `at_once`; returns their results in order.

    After a failure, which is raised, those that have not begun don't.
    """
    with ThreadPoolExecutor(at_once) as pool:
        running = [pool.submit(job) for job in jobs]
        try:
            return [one.result() for one in running]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
