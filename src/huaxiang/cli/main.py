"""The command `huaxiang`: every subcommand, and the one place where errors become words and exit codes."""

from __future__ import annotations

import codecs
import json
import os
import sys
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

import typer

from huaxiang.cli import (
    analysts,
    bench,
    fans,
    flows,
    identity,
    insight,
    journeys,
    operators,
    portraits,
    rates,
    sentiment,
    stages,
)
from huaxiang.errors import ConfigurationError, HuaxiangError, Problem, in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ESCAPED = "escaped"
app = typer.Typer(
    name="huaxiang",
    help="画像: one portrait per person from what people do socially and what they buy, on Spark and Delta.",
    epilog="Begin with `huaxiang demo`. Exit codes: 0 ok · 1 other · 2 usage or configuration · 3 input missing or "
    "against its contract, nothing ingested · 4 ingested, a gate held publication back · 5 lost a race, retry.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
operators.add_to(app)
analysts.add_to(app)
portraits.add_to(app)
identity.add_to(app)
rates.add_to(app)
insight.add_to(app)
fans.add_to(app)
journeys.add_to(app)
flows.add_to(app)
sentiment.add_to(app)
stages.add_to(app)
bench.add_to(app)


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    return ended(app, argv)


def ended(commands: Callable[..., Any], argv: Sequence[str] | None, **context: Any) -> int:
    """Run commands and return their exit code; a person's mistake gets an explanation, never a trace."""
    _write_any_sign()
    try:
        _readable(sys.argv[1:] if argv is None else argv)
        outcome = commands(args=argv, standalone_mode=False, **context)
    except typer.Exit as stop:
        return stop.exit_code
    except (typer.Abort, KeyboardInterrupt):
        print("stopped; what was published before stays", file=sys.stderr)
        return 130
    except Exception as error:
        code = _said(error)
        if code is None:
            raise
        for note in getattr(error, "__notes__", ()):
            print(note)
        return code
    return outcome if isinstance(outcome, int) else 0


def _write_any_sign() -> None:
    """Let a terminal that can't write a sign show its code, as JSON does: what it is told is in two languages."""
    codecs.register_error(ESCAPED, _escaped)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors=ESCAPED)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


def _readable(argv: Sequence[str]) -> None:
    """Refuse arguments whose bytes are no text: Java, and every file that they get into, would fail at them."""
    bad = [argument for argument in argv if argument != argument.encode("utf-8", "replace").decode()]
    if bad:
        shown = bad[0].encode("utf-8", "replace").decode()
        raise ConfigurationError(Problem("arguments", f"`{shown}` holds bytes that are not UTF-8", "UTF-8"))


def _said(error: Exception) -> int | None:
    """Say on stderr what went wrong and return the exit code; None for what is nobody's mistake."""
    match error:
        case HuaxiangError():
            print(f"{in_words(error)}\nexit {error.exit_code}", file=sys.stderr)
            return error.exit_code
        case BrokenPipeError():  # whoever reads has enough: `… | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        case OSError():
            print(f"{in_words(error)}\nexit 1", file=sys.stderr)
            return 1
    shown = getattr(error, "format_message", None)  # a usage error of the command line itself
    if shown is None:
        return None
    context = getattr(error, "ctx", None)
    print(f"{shown()}\n" + (f"see: {context.command_path} --help" if context else ""), file=sys.stderr)
    return 2


def run() -> None:
    """Console entry point."""
    sys.exit(main())
