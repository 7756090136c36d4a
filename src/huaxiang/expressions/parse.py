"""Text to tree: sqlglot parses (Spark dialect), `lowering` takes over an allow-list of its nodes.

The parser knows no functions here: every call arrives as a bare name with arguments, and only
`functions.py` gives it a meaning.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.spark import Spark
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.spark import SparkParser

from huaxiang.errors import ConfigurationError
from huaxiang.expressions.lowering import Lowering
from huaxiang.expressions.place import Place, Span, problem
from huaxiang.expressions.scan import scan

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

    from huaxiang.errors import Problem
    from huaxiang.expressions.tree import Node

DEEPEST_TREE = 60
_CASE = SparkParser.NO_PAREN_FUNCTION_PARSERS["CASE"]
_CAST = SparkParser.FUNCTION_PARSERS["CAST"]

# On texts that are nothing like SQL the parser itself fails in these ways instead of complaining.
_STUMBLES = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
logging.getLogger("sqlglot").addHandler(logging.NullHandler())  # what it warns of is refused here


class _Parser(SparkParser):
    """Spark's grammar with no function of its own but `case` and `cast`."""

    FUNCTIONS: ClassVar[dict[str, Any]] = {}
    FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {"CAST": _CAST}
    NO_PAREN_FUNCTIONS: ClassVar[dict[Any, Any]] = {}
    NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {"CASE": _CASE}


@lru_cache(
    maxsize=4096
)  # a catalogue's texts are asked for again and again: what they read, their type, their column
def parse(text: str, place: Place) -> Node:
    """Return the expression as a tree without types; ConfigurationError with every problem found."""
    problems = scan(text, place)
    if problems:
        raise ConfigurationError(problems)
    root, tokens = _parsed(text, place)
    if _depth(root) > DEEPEST_TREE:
        raise ConfigurationError(_too_deep(text, place))
    lowering = Lowering(text, place, tokens)
    node = lowering.node(root)
    if lowering.problems:
        raise ConfigurationError(lowering.problems)
    return node


def _parsed(text: str, place: Place) -> tuple[exp.Expr, list[Token]]:
    whole = Span(0, len(text))
    dialect = Spark()
    try:
        tokens = dialect.tokenize(text)
        found = _Parser(dialect=dialect).parse_into(exp.Condition, tokens, text)
    except TokenError as error:
        span = Span(error.start or 0, len(text))
        raise ConfigurationError(problem(text, place, span, "cannot be read")) from None
    except ParseError as error:
        raise ConfigurationError(_syntax(text, place, error)) from None
    except RecursionError:
        raise ConfigurationError(_too_deep(text, place)) from None
    except _STUMBLES:
        raise ConfigurationError(problem(text, place, whole, "cannot be read")) from None
    if len(found) != 1 or found[0] is None:
        raise ConfigurationError(problem(text, place, whole, "not one expression"))
    return found[0], tokens


def _too_deep(text: str, place: Place) -> Problem:
    return problem(text, place, Span(0, 1), f"nested too deeply; at most {DEEPEST_TREE} levels are read")


def _syntax(text: str, place: Place, error: ParseError) -> Problem:
    """Return the parser's complaint at its place, in our words."""
    first = error.errors[0] if error.errors else {}
    word = str(first.get("highlight") or "")
    start = len(text.rstrip()) - 1
    context = str(first.get("start_context") or "") + word
    where = text.find(context) if context.strip() else -1
    if where >= 0:
        start = where + len(context) - len(word)
    said = str(first.get("description") or "")
    if said.startswith("Expecting )"):
        found = f"`)` expected after `{word}`" if word else "`)` expected"
    elif said.startswith("Required keyword"):
        found = f"something is missing beside `{word}`"
    else:
        found = f"`{word}` was not expected here" if word else "cannot be read"
    return problem(text, place, Span(start, start + max(1, len(word))), found)


def _depth(root: exp.Expr) -> int:
    """Return how deep the tree is; chains of one `and` or `or`, and brackets, count once."""
    deepest, waiting = 0, [(root, 1)]
    while waiting:
        here, depth = waiting.pop()
        deepest = max(deepest, depth)
        for child in here.iter_expressions():
            is_chain = isinstance(child, exp.Paren) or (
                isinstance(child, exp.And | exp.Or) and type(child) is type(here)
            )
            waiting.append((child, depth if is_chain else depth + 1))
    return deepest
