"""What a mistake is answered with: place, words, a caret underline, the nearest name. Hostile texts too."""

from __future__ import annotations

import time

import pytest

from huaxiang.errors import ConfigurationError
from huaxiang.expressions import NameInfo, Place, compile_expression

NAMES = {
    "n": NameInfo("bigint", "A number"), "s": NameInfo("string", "Some text"), "is_on": NameInfo("boolean"),
    "on_date": NameInfo("date"), "at": NameInfo("timestamp"), "m": NameInfo("decimal(38,10)"),
    "tags": NameInfo("array<string>"), "orders_all": NameInfo("bigint", "Orders, all time"),
    "portrait.city_tier": NameInfo("int"), "stage": NameInfo("string", "", ("aware", "loyal")),
}  # fmt: skip


def answer(text: str, place: Place | None = None) -> str:
    with pytest.raises(ConfigurationError) as raised:
        compile_expression(text, NAMES, place or Place("f", 1, 1))
    return str(raised.value)


def test_a_mistake_is_answered_at_its_character() -> None:
    text = "n >= 0.6\nand order_all = 0\nand not is_member('recently-complained')"
    assert answer(text, Place("conf/segments/warm-strangers.yaml", 5, 3)) == (
        "conf/segments/warm-strangers.yaml:6:7  unknown name `order_all`\n"
        "    and order_all = 0\n"
        "        ^^^^^^^^^        did you mean `orders_all` (Orders, all time)?\n"
        "conf/segments/warm-strangers.yaml:7:11  unknown function `is_member`\n"
        "    and not is_member('recently-complained')\n"
        "            ^^^^^^^^^        functions: abs, array, array_contains, ceil, coalesce, concat, concat_ws, "
        "contains, date_add, date_diff, day, floor, from_unix_millis, from_unix_seconds, greatest, hour, "
        "hours_diff, least, left, length, lower, lpad, month, nullif, regexp_extract, regexp_replace, replace, right, round, sha256, "
        "size, split, split_part, starts_with, substring, to_date, to_timestamp, trim, upper, weekday, year"
    )


def test_a_word_that_a_name_never_is_is_refused() -> None:
    assert answer("stage = 'loyl'") == (
        "f:1:9  stage is never 'loyl'\n    stage = 'loyl'\n            ^^^^^^        did you mean `loyal`?"
    )
    assert [
        line for line in answer("stage in ('aware', 'gone') or 'no' <> stage").splitlines() if line[0] == "f"
    ] == [
        "f:1:20  stage is never 'gone'",
        "f:1:31  stage is never 'no'",
    ]
    made = "case when n > 1 then 'many' when n = 1 then coalesce(stage, 'one') else null end"
    assert "is never 'none'" in answer(f"{made} = 'none'")
    assert compile_expression(made, NAMES).words == ("aware", "loyal", "many", "one")
    assert compile_expression("'gone' in (stage, s) or s in (stage, 'gone')", NAMES).type == "boolean"
    assert "stage is never 'gone'" in answer("'gone' in (stage)")
    assert compile_expression("case when n > 1 then 'many' else s end = 'none'", NAMES).type == "boolean"
    assert compile_expression("stage = s or stage like 'x%'", NAMES).type == "boolean"


def test_nothing_is_compared_with_null() -> None:
    assert "nothing is = null" in answer("s = null")
    assert "`n is null` asks for it" in answer("null <> n")
    assert "leave null out of the list; `s is null` asks for it" in answer("s in ('a', null)")
    assert answer("case when n > 1 then null end = 1").endswith("^")


def test_all_problems_are_said_at_once() -> None:
    found = answer("lenght(s) > 3 and nn > 1 and s > 5 and rand() < 0.5")
    assert [line for line in found.splitlines() if not line.startswith(" ")] == [
        "f:1:1  unknown function `lenght`",
        "f:1:19  unknown name `nn`",
        "f:1:30  text compared with a number: `s > 5`",
        "f:1:40  `rand` gives another value each time; an expression must be repeatable",
    ]


def test_carets_are_as_wide_as_the_words_on_a_terminal() -> None:
    assert answer("s = '画像' and 订单数 > 1") == (
        "f:1:14  unknown name `订单数`\n"
        "    s = '画像' and 订单数 > 1\n"
        "                   ^^^^^^        names: at, is_on, m, n, on_date, orders_all, portrait.city_tier, s, stage, tags"
    )


def test_a_long_line_is_cut_around_the_mistake() -> None:
    found = answer(" or ".join(["n = 1"] * 60) + " or nn = 1 or " + " or ".join(["n = 2"] * 60))
    shown, carets = found.splitlines()[1:3]
    assert len(shown) <= 4 + 100
    at = carets.index("^")
    assert shown[at : at + 2] == "nn"


PROBLEMS = {
    # types
    "s > 5": "f:1:1  text compared with a number: `s > 5`",
    "on_date > '2026-01-31'": "f:1:1  a date compared with text: `on_date > '2026-01-31'`",
    "at = on_date": "f:1:1  an instant compared with a date: `at = on_date`",
    "n in (1, 'a')": "f:1:1  a number compared with text: `n in (1, 'a')`",
    "tags = tags": "f:1:1  a list or structure can't be compared: `tags = tags`",
    "n and is_on": "f:1:1  `and` joins conditions, but this is a number: `n`",
    "not s": "f:1:5  `not` joins conditions, but this is text: `s`",
    "n + s": "f:1:5  `+` takes numbers, but this is text: `s`",
    "on_date + 1": "f:1:1  `+` takes numbers, but this is a date: `on_date`",
    "-s": "f:1:2  `-` takes a number, but this is text: `s`",
    "s || n": "f:1:6  `||` joins texts, but this is a number: `n`",
    "length(n)": "f:1:8  `length` takes text here, not a number",
    "substring(s)": "f:1:1  `substring` with 1 argument",
    "coalesce()": "f:1:1  `coalesce` with 0 arguments",
    "coalesce(n, s)": "f:1:1  a number and text: `coalesce(n, s)`",
    "array(null)": "f:1:1  a list of nothing but nulls has no type: `array(null)`",
    "case when n then 1 end": "f:1:11  `when` takes a condition, but this is a number: `n`",
    "case when is_on then 1 else 'a' end": (
        "f:1:1  the branches of `case` give a number and text: `case when is_on then 1 else 'a' end`"
    ),
    "cast(n as date)": "f:1:1  a number can't be cast to date: `n`",
    "cast(tags as string)": "f:1:1  a list can't be cast to string: `tags`",
    "cast(n as float)": "f:1:1  cast to `float` is not part of this language",
    "cast(n as decimal(50,2))": "f:1:1  cast to `decimal(50, 2)` is not part of this language",
    "cast(n as array<int>)": "f:1:1  cast to `array<int>` is not part of this language",
    "m * m": "f:1:1  together they need 77 digits, at most 38 are exact: cast one side narrower: `m * m`",
    "-cast(n as decimal(38,36))": "f:1:2  36 digits after the point, at most 34 are exact here: cast it narrower: `cast(n as decimal(38,36))`",
    "s like tags": "f:1:8  `like` needs a pattern written in the expression",
    r"s like r'a\b'": "f:1:8  in a like-pattern a backslash may stand only before `_`, `%` or `\\`",
    "lpad(s, n, '0')": "f:1:9  `lpad` needs a constant here, written in the expression",
    "lpad(s, 100000000, '0')": "f:1:9  100000000 is outside 0 to 1000",
    "left(s, 1.5)": "f:1:1  a whole number is needed: `left(s, 1.5)`",
    "from_unix_seconds(1.5)": "f:1:1  a whole number is needed: cast(… as bigint): `from_unix_seconds(1.5)`",
    "split_part(s, '-', 0)": "f:1:1  parts count from 1, or from -1 backwards: `split_part(s, '-', 0)`",
    "split(s, '')": "f:1:1  the separator is empty: `split(s, '')`",
    "1e999": "f:1:1  `1e999`, a number without end, is not part of this language",
    "9" * 39: "f:1:1  a number of 39 digits; at most 38",
    # dates that would be tonight's
    "cast('now' as timestamp)": "f:1:6  `'now'` is not an instant of the years 1 to 9999",
    "cast('to' || 'day' as date)": "f:1:6  `'to' || 'day'` is not a date of the years 1 to 9999",
    "TIMESTAMP '0001-01-01 00:00:00+14:00'": "f:1:11  `'0001-01-01 00:00:00+14:00'` is not an instant of the years 1 to 9999",
    "TIMESTAMP '9999-12-31 23:59:59-14:00'": "f:1:11  `'9999-12-31 23:59:59-14:00'` is not an instant of the years 1 to 9999",
    "TIMESTAMP '0001-01-01'": "f:1:11  `'0001-01-01'` is not an instant of the years 1 to 9999",
    "DATE '10000-01-01'": "f:1:6  `'10000-01-01'` is not a date of the years 1 to 9999",
    "DATE '0000-12-31'": "f:1:6  `'0000-12-31'` is not a date of the years 1 to 9999",
    "DATE '2026-02-30'": "f:1:6  `'2026-02-30'` is not a date of the years 1 to 9999",
    "current_date": "f:1:1  unknown name `current_date`",
    "now()": "f:1:1  `now` gives another value each time; an expression must be repeatable",
    "uuid()": "f:1:1  `uuid` gives another value each time; an expression must be repeatable",
    # patterns that could fail or never end
    "regexp_extract(s, '(a')": "f:1:1  `(` is not closed: `regexp_extract(s, '(a')`",
    "regexp_extract(s, 'a)')": "f:1:1  `)` without `(`: `regexp_extract(s, 'a)')`",
    "regexp_extract(s, '[a')": "f:1:1  `[` is not closed: `regexp_extract(s, '[a')`",
    "regexp_extract(s, '*a')": r"f:1:1  `*` has nothing to repeat; write `\*` for the character: `regexp_extract(s, '*a')`",
    "regexp_extract(s, 'a{2,1}')": "f:1:1  `{2,1}` repeats out of order or too often: `regexp_extract(s, 'a{2,1}')`",
    "regexp_extract(s, '(?<=a)b')": "f:1:1  only `(…)` and `(?:…)` groups are known: `regexp_extract(s, '(?<=a)b')`",
    "regexp_extract(s, '(a+)+')": (
        "f:1:1  a group may be repeated at most 50 times: `(…){1,50}`: `regexp_extract(s, '(a+)+')`"
    ),
    "regexp_extract(s, '(a+){9}')": (
        "f:1:1  it can match in too many ways and take forever: fewer `*` and `+` (4 at most), no repeat inside a "
        "repeat, `[ab]` for `(a|b)`: `regexp_extract(s, '(a+){9}')`"
    ),
    "s like '%a%b%c%d%'": "f:1:8  a like-pattern with more than 4 `%` can take forever",
    "regexp_extract(s, 'a', 1)": "f:1:1  group 1 of a pattern with 0 groups: `regexp_extract(s, 'a', 1)`",
    "regexp_replace(s, 'a', '$1')": (
        "f:1:1  a replacement may hold `$1` to `$9` for groups of the pattern (0), no other `$` or `\\`: "
        "`regexp_replace(s, 'a', '$1')`"
    ),
    "to_date(s, 'YYYY')": (
        "f:1:1  `Y` means nothing here; letters are y M d H h m s S a X x, and text in quotes: `to_date(s, 'YYYY')`"
    ),
    "to_date(s, 'yyyyy')": "f:1:1  too many `y` in a row: `to_date(s, 'yyyyy')`",
    # what is no part of the language, by its name
    "(select 1)": "f:1:2  a subquery is not part of this language",
    "exists(select 1 from x)": "f:1:8  a subquery is not part of this language",
    "n in (select 1)": "f:1:7  a subquery is not part of this language",
    "sum(n) over (order by n)": "f:1:1  a window (`over`) is not part of this language",
    "count(*)": "f:1:7  `*` is not part of this language",
    "portrait.*": "f:1:1  `*` is not part of this language",
    "size(filter(tags, t -> t))": "f:1:19  a lambda (`->`) is not part of this language",
    "tags[0]": "f:1:1  `[…]` is not part of this language",
    "on_date + interval 1 day": "f:1:1  an interval is not part of this language",
    "n <=> 1": "f:1:1  `<=>` is not part of this language",
    "s rlike 'a'": "f:1:1  `rlike` is not part of this language",
    "n between symmetric 1 and 2": "f:1:1  `between symmetric` is not part of this language",
    "s like 'a' escape '!'": "f:1:1  `escape` is not part of this language",
    "s like any ('a')": "f:1:13  `any` is not part of this language",
    "length(s => 1)": "f:1:13  a named argument (`=>`) is not part of this language",
    "times(shares, where => act = 'x', last_days => 30) > 1": "f:1:1  unknown function `times`",
    "{n}": "f:1:2  a placeholder is not part of this language",
    ":n": "f:1:1  a placeholder is not part of this language",
    "portrait.length(s)": "f:1:1  `portrait.length(s)` is not part of this language",
    "`length`(s)": "f:1:1  `length` in quotes as a function is not part of this language",
    "'it''s'": "f:1:1  two texts side by side is not part of this language",
    "is_null(n)": "f:1:1  unknown function `is_null`",
    "if(is_on, 1, 2)": "f:1:1  unknown function `if`",
    "java_method('java.lang.Runtime', 'exit')": "f:1:1  unknown function `java_method`",
    "reflect('java.lang.Runtime', 'exit')": "f:1:1  unknown function `reflect`",
    "read_files('/etc/passwd')": "f:1:1  unknown function `read_files`",
    # what doesn't parse, or would confuse a reader
    "n = 1; drop table x": "f:1:6  `;` would end a statement; one expression is expected",
    "drop table x": "f:1:1  `drop` was not expected here",
    "select n": "f:1:1  `select` was not expected here",
    "n = 1 -- and is_on": "f:1:7  a comment; an expression has none",
    "n /*! */ = 1": "f:1:3  a comment; an expression has none",
    "n s": "f:1:3  `s` was not expected here",
    "n, s": "f:1:2  `,` was not expected here",
    "(n": "f:1:2  `)` expected after `n`",
    "n)": "f:1:2  `)` was not expected here",
    "n = ": "f:1:3  something is missing beside `=`",
    "array( $$ 1BD": "f:1:1  cannot be read",
    "n = 'abc": "f:1:5  ' is not closed",
    "`n": "f:1:1  ` is not closed",
    "`n`` = 1": "f:1:1  ` is not closed",
    "`n; drop`": "f:1:1  unknown name `n; drop`",
    r"regexp_extract(s, '\d+')": r"f:1:20  `\d` in a text loses its backslash",
    "n = １": "f:1:5  `１` outside a text",
    "n ＝ 1": "f:1:3  `＝` outside a text",
    "s = ‘a’": "f:1:5  `‘` outside a text",
    "n\u00a0= 1": "f:1:2  an unusual space outside a text",
    "n \u202e= 1": "f:1:3  an invisible character (U+202E)",
    "n = '\0'": "f:1:6  an invisible character (U+0000)",
    "": "f:1:1  an empty expression",
    " \n": "f:1:1  an empty expression",
    "n" * 4001: "f:1:1  4,001 characters; at most 4,000 are read",
    "(" * 21 + "n" + ")" * 21: "f:1:21  nested more than 20 brackets deep",
    "not " * 900 + "is_on": "f:1:1  nested too deeply; at most 60 levels are read",
    "n" + " + n" * 900: "f:1:1  nested too deeply; at most 60 levels are read",
    "case when is_on then " * 100
    + "1"
    + " end" * 100: "f:1:1  nested too deeply; at most 60 levels are read",
}


@pytest.mark.parametrize("text", PROBLEMS, ids=lambda t: t[:30])
def test_what_is_refused_and_how(text: str) -> None:
    assert answer(text).splitlines()[0] == PROBLEMS[text]


HINTS = {
    "s > 5": "write cast(… as bigint), or the text in quotes",
    "on_date + 1": "use date_add(date, days) or date_diff(later, earlier)",
    "s + s": "join texts with ||",
    "s || n": "write cast(n as string)",
    "length(n)": "write length(text)",
    "if(is_on, 1, 2)": "write case when … then … else … end",
    "ORDERS_ALL > 1": "did you mean `orders_all` (Orders, all time)?",
    "portrait.city_teir": "did you mean `portrait.city_tier`?",
    "n = １": "did you mean `1`?",
    "'it''s'": r"for a quote inside a text write \'",
    r"regexp_extract(s, '\d+')": r"write r'…' or `\\d`",
}


@pytest.mark.parametrize("text", HINTS)
def test_what_to_do_stands_beside_the_carets(text: str) -> None:
    assert answer(text).splitlines()[2].endswith("^        " + HINTS[text])


def test_a_word_of_another_language_is_one_mistake() -> None:
    assert answer("times(shares, where => act = 'x', last_days => 30) > 1").count("f:1:") == 1


def test_a_hostile_text_costs_little() -> None:
    began = time.process_time()
    for text in (
        "(" * 4000,
        "not " * 999 + "n",
        "n+" * 1999 + "n",
        "case " * 800,
        "f(" * 1000,
        "[" * 3999,
        "'" * 3999,
    ):
        answer(text)
    assert time.process_time() - began < 5
