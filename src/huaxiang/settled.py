"""What a lake keeps as it began: stored money and dates mean what these settings said when they were stored."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from huaxiang.contracts.clean import clean_name
from huaxiang.errors import ConfigurationError, HuaxiangError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from huaxiang.config import Config
    from huaxiang.contracts.model import Contract
    from huaxiang.sources.outside import Expression, FeedMap, SourceMap
    from huaxiang.tables.lake import Lake
    from huaxiang.tables.storage import Storage

FILE = "_settled.json"
READ = "read"
"""Under which name the file keeps how source maps read what came last."""
Columns = dict[str, dict[str, str]]
"""Feed → column → expression."""
Maps = dict[str, Columns]
"""What source maps say, by their names."""
Rules = dict[str, dict[str, str]]
"""Ladder → version → its rules."""


def check_contracts(lake: Lake) -> None:
    """Refuse a lake that holds a table by another version of its contract, each named; what it holds stays."""
    if lake.holds_nothing:
        return
    held = [name for name in lake.contracts if lake.pinned(name)]
    if problems := other_contracts(lake.storage, lake.contracts, held):
        hint = "Make a new lake from the same landing files, or use the huaxiang that made this one. Nothing was changed."
        raise ConfigurationError(problems, hint)


def other_contracts(
    there: Storage, contracts: Mapping[str, Contract], held: Collection[str]
) -> list[Problem]:
    """Return which of the tables that a lake holds are by another version of their contract."""
    made: dict[str, str] | None = _kept(there).get("contracts")
    if made is None:
        found = f"no versions are kept in {FILE}: it is lost, or an older huaxiang made this lake"
        return [Problem("lake", found, "contracts of this one", "bring the file back, if it is lost")]
    return [
        Problem(f"table {name}", f"contract {made[name]}", contract.version)
        for name, contract in contracts.items()
        if name in held and made.get(name, contract.version) != contract.version
    ]


def other_settings(there: Storage, config: Config) -> list[Problem]:
    """Return which settings are others than those that a lake's amounts and dates have."""
    return _changed(_kept(there), _settings(config))


def other_ladders(there: Storage, ladders: Rules, is_told: Callable[[str, str], bool]) -> list[Problem]:
    """Return which ladders changed under a version by which moves were told."""
    return _changed_ladders(_kept(there).get("ladder_rules", {}), ladders, is_told)


def _kept(there: Storage) -> dict[str, Any]:
    """Return what the file holds, nothing without one; HuaxiangError for one that is damaged."""
    try:
        found = json.loads(there.read_text(FILE) or "{}")
    except ValueError:  # no text, or no JSON
        found = None
    parts = ("contracts", "rates", "keyless", "ladder_rules", READ)
    if not isinstance(found, dict) or not all(isinstance(found.get(part, {}), dict) for part in parts):
        raise HuaxiangError(
            Problem(
                FILE,
                "can't be read",
                "what the lake was made with",
                "bring the file back from a copy of the lake",
            )
        )
    return found


def _settings(config: Config) -> dict[str, Any]:
    return {
        "currency": config.currency,
        "business_zone": config.business_zone,
        "currency_digits": config.digits,
        "rates": {code: f"{rate.normalize():f}" for code, rate in sorted(config.rates.items())},
    }


def check_settled(lake: Lake, config: Config, source: SourceMap | None, ladders: Rules | None = None) -> None:
    """Refuse another currency, other digits of it, or another business zone than this lake's amounts and dates have.

    A rate is refused too when it changes after amounts were converted at it; a new one may come, an old one go.
    So is a source map whose columns of a feed without keys change: these columns are the rows' keys. And, once it was
    told, a ladder whose rules, or what they read (`Catalogue.ladder_rules`), change under the same version: what its
    stages meant would be told by nothing.
    """
    now = _settings(config)
    before = {} if lake.holds_nothing else _kept(lake.storage)
    known = before.get("rates", {})  # a first night that was refused settles nothing
    keyless = before.get("keyless", {})
    mine = {source.source: _keyless(source)} if source else {}
    maps = {**keyless, **{name: {**keyless.get(name, {}), **feeds} for name, feeds in mine.items()}}
    ladders_before: Rules = before.get("ladder_rules", {})
    ladders_now = ladders or {}
    problems = [
        *_changed_ladders(ladders_before, ladders_now, partial(_is_told, lake)),
        *_changed(before, now),
        *_changed_rates(lake, known, now["rates"]),
        *_changed_keys(lake, keyless, maps),
    ]
    if problems:
        raise ConfigurationError(problems, "This lake was made with other settings. Nothing was read.")
    versions = {name: contract.version for name, contract in sorted(lake.contracts.items())}
    every_version = {name: {**ladders_before.get(name, {}), **rules} for name, rules in ladders_now.items()}
    settled = {
        **now,
        READ: before.get(READ, {}),
        "rates": {**known, **now["rates"]},
        "keyless": maps,
        "ladder_rules": {**ladders_before, **every_version},
        "contracts": versions,
    }
    if settled != before:
        lake.storage.write_text(FILE, json.dumps(settled))


def read_otherwise(lake: Lake, source: SourceMap, feeds: Iterable[str]) -> list[Problem]:
    """Tell which of these feeds, just read, a source map read otherwise before, and keep how it reads them.

    What counts is what it says of the columns, `key` and `where`.
    """
    settled = _kept(lake.storage)
    every: Maps = settled.get(READ, {})
    known = every.get(source.source, {})
    reads = {feed: _said(source.feeds[feed]) for feed in sorted({*feeds} & {*source.feeds})}
    hint = "what was read before stays as it was read: to have all of it read anew, begin a new lake on the same landing"
    told = [
        Problem(
            f"{source.source}: {feed}", f"from now on its map reads {', '.join(names)} otherwise", hint=hint
        )
        for feed, said in reads.items()
        if (before := known.get(feed)) is not None
        if (names := [name for name in sorted({*before, *said}) if before.get(name) != said.get(name)])
    ]
    now = {**settled, READ: {**every, source.source: {**known, **reads}}}
    if now != settled:
        lake.storage.write_text(FILE, json.dumps(now))
    return told


def _said(feed: FeedMap) -> dict[str, str]:
    key = {} if feed.key is None else {"key": ", ".join(feed.key)}
    return _texts({**feed.columns, **({"where": feed.where} if feed.where else {})}) | key


def settled_zone(there: Storage, config: Config) -> str:
    """Return the business zone that a lake's dates have; of a lake that settled none, the configuration's."""
    return str(_kept(there).get("business_zone", config.business_zone))


def settled_money(there: Storage, config: Config) -> tuple[str, int]:
    """Return the currency that a lake's amounts have, and its digits; of a lake that settled none, the configuration's."""
    told = _kept(there)
    return str(told.get("currency", config.currency)), int(told.get("currency_digits", config.digits))


def _changed(before: dict[str, Any], now: dict[str, Any]) -> list[Problem]:
    hint = "what is stored would not change with it: set it back, or begin a new lake"
    return [
        Problem(key, str(now[key]), str(value), hint)
        for key, value in before.items()
        if key in now and key != "rates" and now[key] != value
    ]


def _changed_rates(lake: Lake, known: dict[str, str], rates: dict[str, str]) -> list[Problem]:
    hint = "amounts were converted at it: set it back, or begin a new lake"
    return [
        Problem(f"rates.{code}", rate, known[code], hint)
        for code, rate in rates.items()
        if code in known and Decimal(rate) != Decimal(known[code]) and _is_used(lake, code)
    ]


def _changed_ladders(before: Rules, now: Rules, is_told: Callable[[str, str], bool]) -> list[Problem]:
    hint = "give the ladder another version: a night's moves must not mix two meanings"
    return [
        Problem(f"ladder {name}, version {version}", rules, before[name][version], hint)
        for name, said in now.items()
        for version, rules in said.items()
        if before.get(name, {}).get(version, rules) != rules and is_told(name, version)
    ]


def _keyless(source: SourceMap) -> Columns:
    """Return the columns whose content is the key, of feeds without another."""
    return {feed.feed: _texts(feed.columns) for feed in source.feeds.values() if feed.key == ()}


def _texts(said: Mapping[str, Expression]) -> dict[str, str]:
    return {name: " ".join(expression.text.split()) for name, expression in sorted(said.items())}


def _changed_keys(lake: Lake, known: Maps, now: Maps) -> list[Problem]:
    hint = "sent again they would count twice: set it back, or give what comes another way a map of its own"
    return [
        Problem(
            f"{source}: {feed}.{name}",
            said.get(name, "not mapped"),
            before.get(name, "not mapped"),
            f"rows of `{feed}` have no key but what the map says of them, and {hint}",
        )
        for source, feeds in known.items()
        for feed, before in feeds.items()
        if (said := now[source][feed]) != before and lake.pinned(clean_name(feed))
        for name in sorted({*before, *said})
        if before.get(name) != said.get(name)
    ]


def _is_told(lake: Lake, ladder: str, version: str) -> bool:
    """Whether a release tells moves of a ladder by this version: a night that was refused told none."""
    if not lake.pinned("stage_flow"):
        return False
    flow = lake.read_pinned("stage_flow")
    return not flow.where((flow["ladder"] == ladder) & (flow["version"] == int(version))).isEmpty()


def _is_used(lake: Lake, currency: str) -> bool:
    """Whether a clean row came in a currency."""
    contracts = lake.contracts.items()
    tables = [n for n, c in contracts if n.startswith(clean_name("")) and "currency" in c.names]
    frames = [lake.read_pinned(name) for name in tables if lake.pinned(name)]
    return any(not frame.where(frame["currency"] == currency).isEmpty() for frame in frames)
