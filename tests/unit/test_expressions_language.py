"""What the language takes, the types it gives, and that checking needs no Spark."""

from __future__ import annotations

import subprocess
import sys

import pytest

from huaxiang.errors import ConfigurationError
from huaxiang.expressions import SCALARS, Function, NameInfo, Param, Place, compile_expression

NAMES = {
    "n": NameInfo("bigint", "A number"), "i": NameInfo("int"), "s": NameInfo("string", "Some text"),
    "is_on": NameInfo("boolean"), "on_date": NameInfo("date"), "at": NameInfo("timestamp"),
    "m": NameInfo("decimal(18,2)"), "x": NameInfo("double"), "tags": NameInfo("array<string>"),
    "made_of": NameInfo("struct<a:int>"), "portrait.tier": NameInfo("int"), "订单": NameInfo("bigint"),
}  # fmt: skip

TYPES = {
    "1": "int",
    "2147483648": "bigint",
    "9223372036854775808": "decimal(19,0)",
    "0.50": "decimal(2,2)",
    "1e3": "double",
    "'a'": "string",
    "null": "void",
    "true": "boolean",
    "DATE '2026-01-31'": "date",
    "timestamp '2026-01-31 08:00:00+08:00'": "timestamp",
    "i + 1": "bigint",
    "n / i": "double",
    "m + m": "decimal(19,2)",
    "m + n": "decimal(23,2)",
    "m * m": "decimal(37,4)",
    "m * 100": "decimal(22,2)",
    "m * m * m": "decimal(38,6)",
    "m / i": "decimal(29,13)",
    "m + x": "double",
    "null + 1": "bigint",
    "-i": "bigint",
    "-m": "decimal(18,2)",
    "n > m and m > x and i < 0.5": "boolean",
    "n = null": "",
    "`n` + portrait.tier": "bigint",
    "订单 > 0": "boolean",
    "N is null": "",
    "case when is_on then i when n > 1 then n end": "bigint",
    "case when is_on then null else 1.5 end": "decimal(2,1)",
    "case s when 'a' then 1 else null end": "int",
    "coalesce(i, n, m)": "decimal(22,2)",
    "array(i, n)": "array<bigint>",
    "size(split(s, ','))": "int",
    "cast(s as decimal(18,2))": "decimal(18,2)",
    "cast(null as date)": "date",
    "s::int": "int",
    "year(at) - 1": "bigint",
    "made_of is not null": "boolean",
    "is_on is true or is_on is not false": "boolean",
    "SIZE(Split(s, ','))": "int",
    "n not between 1 and 2 and s not in ('a') and s not like 'a%'": "boolean",
    r"regexp_extract(s, r'^(\d{4})-[\w.-]+(?:x|y)?$', 1)": "string",
    " and ".join(["n = 1"] * 400): "boolean",
}


def test_types() -> None:
    found = {}
    for text in TYPES:
        try:
            found[text] = compile_expression(text, NAMES).type
        except ConfigurationError:
            found[text] = ""
    assert found == TYPES


@pytest.mark.parametrize(
    "pattern",
    [
        "(a|aa){1,30}$", "(a+)+$", "(a|aa)+", "(a?){30}a{30}", "a?" * 30 + "a", "(a|aa)" * 30, "(|a){30}",
        "((a{0,9}){9}){9}", "a*a*a*a*a*b", "a{0,500}a{0,500}a{0,500}b",
    ],
)  # fmt: skip
def test_a_pattern_that_may_never_end_is_refused(pattern: str) -> None:
    with pytest.raises(ConfigurationError, match=r"take forever|at most 50 times"):
        compile_expression(f"regexp_extract(s, '{pattern}')", NAMES)


@pytest.mark.parametrize(
    "pattern",
    [
        r"^(\w+)\s*-\s*(\w{2,40})$", r"(?i)(?:jpg|jpeg|png)$", r"(?:\d{1,3}[.]){3}\d{1,3}", r"(?:ab){1,50}",
        r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", r"^(.*?)/(.*?)/(.*)$",
    ],
)  # fmt: skip
def test_a_pattern_of_few_ways_is_taken(pattern: str) -> None:
    assert compile_expression(f"regexp_replace(s, r'{pattern}', '')", NAMES).type == "string"


def test_a_compiled_expression_tells_its_names() -> None:
    found = compile_expression("n > 1 and portrait.tier in (1, n) and starts_with(s, 'a')", NAMES)
    assert found.names == {"n", "portrait.tier", "s"}


def test_a_room_may_add_functions_of_its_own() -> None:
    own = {
        **SCALARS,
        "is_member": Function("is_member('segment')", (Param(("text",), constant=True),), "boolean"),
    }
    assert compile_expression("not is_member('lapsed')", {}, functions=own, want="boolean").type == "boolean"
    with pytest.raises(ConfigurationError, match="unknown function `is_member`"):
        compile_expression("is_member('lapsed')", {})


def test_the_family_wanted_is_asked_for() -> None:
    assert compile_expression("null", NAMES, want="boolean").type == "void"
    with pytest.raises(ConfigurationError) as raised:
        compile_expression("n + 1", NAMES, Place("a.yaml", 3, 7), want="boolean")
    assert str(raised.value) == "a.yaml:3:7  a number where true or false is needed\n    n + 1\n    ^^^^^"


def test_checking_needs_no_spark() -> None:
    code = (
        "import sys; from huaxiang.expressions import compile_expression, NameInfo;"
        "compile_expression('a + 1', {'a': NameInfo('int')}); assert 'pyspark' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
