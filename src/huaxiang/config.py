"""The settings of a lake, read once and checked before any input is: `conf/huaxiang.yaml` plus `--set`."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field, fields, is_dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from huaxiang.conf_folder import SETTINGS_FILE, folder_problems
from huaxiang.contracts.yaml import parse_yaml, read_yaml
from huaxiang.errors import ConfigurationError, Problem, did_you_mean
from huaxiang.pepper import SHA256_HEX
from huaxiang.session import MEANING
from huaxiang.shipped import shipped

if TYPE_CHECKING:
    from pathlib import Path

PYTHONS_ZONES = ("localtime", "posixrules", "Factory")
COVERS = ("everybody", "accounts")
CLAIM_KINDS = ("bind", "union_id", "phone", "email", "device", "cookie")
MAX_DIGITS = 4  # no currency has more (ISO 4217)
RATE_DIGITS, RATE_SCALE = 19, 10  # of a rate in minor units: times decimal(18,5) it still fits 38 digits
WEEKLY, NIGHTLY = "weekly", "nightly"
INSIGHTS = (WEEKLY, NIGHTLY)
SMALLEST_GROUP = 5  # counts of people are told in whole fives
LARGEST_GROUP = 1_000_000_000
PEPPER_FILE = "pepper_file"
PURPOSES = ("join", "personalise", "share", "automated")


@dataclass(frozen=True)
class IdentityLimits:
    """What bounds a wrong link: accounts per value and kind, accounts per person, and values that are nobody's.

    `priority` orders the kinds from the strongest; demotion drops from its end. `blocked` holds SHA-256
    of values, per kind.
    """

    limits: dict[str, int] = field(default_factory=dict)
    priority: tuple[str, ...] = CLAIM_KINDS
    max_accounts: int = 20
    max_accounts_per_platform: int = 3
    blocked: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Config:
    """Everything a run may depend on besides its inputs; equal configurations give equal releases."""

    zone: str = "Asia/Shanghai"
    business_zone: str = "Asia/Shanghai"
    currency: str = "CNY"
    rates: dict[str, Decimal] = field(default_factory=dict)
    currency_digits: dict[str, int] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    platforms: dict[str, str] = field(default_factory=dict)
    default_covers: dict[str, str] = field(default_factory=dict)
    identity: IdentityLimits = field(default_factory=IdentityLimits)
    consent_defaults: dict[str, bool] = field(default_factory=dict)
    minimum_group: int = 50
    insights: str = WEEKLY
    pepper_file: str = ""
    spark: dict[str, str] = field(default_factory=dict)
    conf_dir: Path = field(default_factory=lambda: shipped("conf"))
    given: tuple[str, ...] = ()
    """The settings that this run's `--set` names, for who overrides settings to ask."""

    @property
    def joins_by_default(self) -> bool:
        """Whether the accounts of who never said anything about it may be joined."""
        return self.consent_defaults.get("join", True)

    @property
    def personalises_by_default(self) -> bool:
        """Whether what people wrote who never said may teach a model."""
        return self.consent_defaults.get("personalise", True)

    @property
    def fingerprint(self) -> str:
        """A hash of every setting that can change a result; Spark's own settings and folders cannot."""
        seen = {f.name: getattr(self, f.name) for f in fields(self)}
        for outside in ("spark", "conf_dir", PEPPER_FILE, "given"):
            seen.pop(outside)
        return hashlib.sha256(json.dumps(seen, sort_keys=True, default=_plain).encode()).hexdigest()[:16]

    @property
    def digits(self) -> int:
        """Decimal digits of the lake's currency."""
        return self.currency_digits.get(self.currency, 2)


SETTINGS = tuple(f.name for f in fields(Config) if f.name not in ("conf_dir", "given"))


def load_config(conf_dir: Path | None = None, sets: tuple[str, ...] = ()) -> Config:
    """Read `huaxiang.yaml` of `conf_dir` (default: the shipped one) and apply `key=value` settings.

    The folder must hold `huaxiang.yaml` and `segments/`, and nothing that `conf_folder` doesn't know: nothing
    falls back to what is shipped. A `pepper_file` of `huaxiang.yaml` begins in its folder, one of `sets` where the
    command is run, unless they are absolute or begin with `~`. Raises ConfigurationError with every problem found: unknown keys with the
    nearest valid one, wrong types, unknown zones, rates that are not numbers.
    """
    folder = conf_dir or shipped("conf")
    path = folder / SETTINGS_FILE
    data = (read_yaml(path).data or {}) if path.is_file() else {}
    if not isinstance(data, dict):
        raise ConfigurationError(Problem(str(path), "this is no mapping", "key: value, one per line"))
    pepper = data.get(PEPPER_FILE)
    if isinstance(pepper, str) and pepper and not pepper.startswith("~"):
        data[PEPPER_FILE] = pepper = str(folder / pepper)
    problems = folder_problems(folder, key=str(pepper or ""))
    if problems:
        raise ConfigurationError(problems, "Nothing was read.")
    for text in sets:
        _apply(data, text, problems)
    config = _build(data, folder, str(path), problems)
    if problems:
        raise ConfigurationError(problems)
    return replace(config, given=tuple(re.split("[.=]", text)[0] for text in sets))


def _apply(data: dict[str, Any], text: str, problems: list[Problem]) -> None:
    key, equals, value = text.partition("=")
    if not equals:
        problems.append(Problem(f"--set {text}", "no value", "key=value"))
        return
    if key.startswith("spark."):
        known = data.get("spark") or {}
        data["spark"] = {**known, key: value} if isinstance(known, dict) else known
        return
    try:
        parsed = parse_yaml(value, f"--set {key}").data
    except ConfigurationError as error:
        problems += error.problems
        return
    *path, last = key.split(".")
    if (first := key.split(".")[0]) not in SETTINGS:
        problems.append(
            Problem(f"--set {text}", f"unknown key `{first}`", hint=did_you_mean(first, SETTINGS))
        )
        return
    inner = data
    for step in path:
        nested = inner.get(step)
        inner[step] = dict(nested) if isinstance(nested, dict) else {}
        inner = inner[step]
    inner[last] = parsed


def _build(data: dict[str, Any], folder: Path, place: str, problems: list[Problem]) -> Config:
    _unknown(data, SETTINGS, place, problems)
    given = {k: v for k, v in data.items() if k in SETTINGS and v is not None}
    config = Config(
        zone=_text(given, "zone", Config.zone, place, problems),
        business_zone=_text(given, "business_zone", Config.business_zone, place, problems),
        currency=_text(given, "currency", Config.currency, place, problems),
        rates={
            str(k): _decimal(v, f"{place} rates.{k}", problems)
            for k, v in _mapping(given, "rates", place, problems).items()
        },
        currency_digits=_integers(given, "currency_digits", place, problems),
        required=tuple(_words(given, "required", place, problems)),
        platforms=_platforms(given, place, problems),
        default_covers=_choices(given, "default_covers", ("shop", "social"), COVERS, place, problems),
        identity=_identity(_mapping(given, "identity", place, problems), f"{place} identity", problems),
        consent_defaults=_booleans(given, "consent_defaults", PURPOSES, place, problems),
        minimum_group=_group_size(given, place, problems),
        insights=_insights(given, place, problems),
        pepper_file=_text(given, PEPPER_FILE, "", place, problems),
        spark={str(k): str(v) for k, v in _mapping(given, "spark", place, problems).items()},
        conf_dir=folder,
    )
    problems += [
        Problem(f"{place} {name}", f"unknown time zone `{zone}`", hint="an IANA name such as Asia/Shanghai")
        for name in ("zone", "business_zone")
        if not is_zone(zone := getattr(config, name))
    ]
    _money(config, place, problems)
    problems += [
        Problem(f"{place} spark", f"`{name}` is not to be set", MEANING[name], "results depend on it")
        for name, value in config.spark.items()
        if name in MEANING and value.lower() != MEANING[name].lower()
    ]
    problems += [
        Problem(f"{place} spark", f"`{name}` is not a Spark setting", "a name that begins with spark.")
        for name in config.spark
        if not name.startswith("spark.")
    ]
    return config


def _unknown(
    data: dict[str, Any], known: list[str] | tuple[str, ...], place: str, problems: list[Problem]
) -> None:
    problems += [
        Problem(place, f"unknown key `{key}`", hint=did_you_mean(str(key), known))
        for key in data
        if key not in known
    ]


def _identity(data: dict[str, Any], place: str, problems: list[Problem]) -> IdentityLimits:
    _unknown(data, [f.name for f in fields(IdentityLimits)], place, problems)
    limits = _integers(data, "limits", place, problems)
    priority = tuple(_words(data, "priority", place, problems)) or CLAIM_KINDS
    blocked = _mapping(data, "blocked", place, problems)
    for where, kinds in (("limits", limits), ("priority", priority), ("blocked", blocked)):
        _unknown(dict.fromkeys(kinds), CLAIM_KINDS, f"{place}.{where}", problems)
    sizes = {}
    for name in ("max_accounts", "max_accounts_per_platform"):
        default = getattr(IdentityLimits, name)
        value = data.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            problems.append(Problem(f"{place}.{name}", f"`{value}`", "a whole number of at least 1"))
            value = default
        sizes[name] = value
    values = {kind: tuple(_words(blocked, kind, f"{place}.blocked", problems)) for kind in blocked}
    problems += [
        Problem(
            f"{place}.blocked {kind}",
            f"entry {number} is no SHA-256",
            "64 hexadecimal digits",
            "the value as claims have it before they are keyed, hashed: nobody's phone stands in a file",
        )
        for kind, entries in values.items()
        for number, entry in enumerate(entries, 1)
        if not re.fullmatch(SHA256_HEX, entry.strip())
    ]
    return IdentityLimits(limits=limits, priority=priority, blocked=values, **sizes)


def _platforms(data: dict[str, Any], place: str, problems: list[Problem]) -> dict[str, str]:
    covers = {}
    for name, settings in _mapping(data, "platforms", place, problems).items():
        if not isinstance(settings, dict) or settings.get("covers") not in COVERS:
            problems.append(
                Problem(
                    f"{place} platforms.{name}", f"`{settings}`", "{covers: everybody} or {covers: accounts}"
                )
            )
            continue
        _unknown(settings, ("covers",), f"{place} platforms.{name}", problems)
        covers[str(name)] = settings["covers"]
    return covers


def _mapping(data: dict[str, Any], key: str, place: str, problems: list[Problem]) -> dict[str, Any]:
    value = data.get(key) or {}
    if not isinstance(value, dict):
        problems.append(Problem(f"{place} {key}", f"`{value}`", "a mapping"))
        return {}
    return value


def _text(data: dict[str, Any], key: str, default: str, place: str, problems: list[Problem]) -> str:
    value = data.get(key, default)
    if not isinstance(value, str):
        problems.append(Problem(f"{place} {key}", f"`{value}`", "text"))
        return default
    return value


def _words(data: dict[str, Any], key: str, place: str, problems: list[Problem]) -> list[str]:
    value = data.get(key) or []
    if not isinstance(value, list):
        problems.append(Problem(f"{place} {key}", f"`{value}`", "a list: [one, another]"))
        return []
    return [str(v) for v in value]


def _integers(data: dict[str, Any], key: str, place: str, problems: list[Problem]) -> dict[str, int]:
    found = {}
    for name, value in _mapping(data, key, place, problems).items():
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
            held = "a whole number from 0 to 2147483647"
            problems.append(Problem(f"{place} {key}.{name}", f"`{value}`", held))
        else:
            found[str(name)] = value
    return found


def _booleans(
    data: dict[str, Any], key: str, names: tuple[str, ...], place: str, problems: list[Problem]
) -> dict[str, bool]:
    found = _mapping(data, key, place, problems)
    _unknown(found, names, f"{place} {key}", problems)
    problems += [
        Problem(f"{place} {key}.{k}", f"`{v}`", "true or false")
        for k, v in found.items()
        if not isinstance(v, bool)
    ]
    return {k: bool(v) for k, v in found.items()}


def _group_size(data: dict[str, Any], place: str, problems: list[Problem]) -> int:
    value = data.get("minimum_group", Config.minimum_group)
    if not isinstance(value, int) or isinstance(value, bool) or not SMALLEST_GROUP <= value <= LARGEST_GROUP:
        held = f"a whole number from {SMALLEST_GROUP} to {LARGEST_GROUP:,}"
        problems.append(Problem(f"{place} minimum_group", f"`{value}`", held))
        return Config.minimum_group
    return value


def _insights(data: dict[str, Any], place: str, problems: list[Problem]) -> str:
    value = data.get("insights", WEEKLY)
    if value not in INSIGHTS:
        hint = did_you_mean(str(value), INSIGHTS)
        problems.append(Problem(f"{place} insights", f"`{value}`", " or ".join(INSIGHTS), hint))
        return WEEKLY
    return str(value)


def _choices(
    data: dict[str, Any],
    key: str,
    names: tuple[str, ...],
    words: tuple[str, ...],
    place: str,
    problems: list[Problem],
) -> dict[str, str]:
    found = _mapping(data, key, place, problems)
    _unknown(found, names, f"{place} {key}", problems)
    problems += [
        Problem(f"{place} {key}.{k}", f"`{v}`", " or ".join(words))
        for k, v in found.items()
        if v not in words
    ]
    return {k: str(v) for k, v in found.items()}


def _decimal(value: object, place: str, problems: list[Problem]) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal(0)
    if not number.is_finite() or number <= 0 or abs(number.adjusted()) > RATE_DIGITS:
        problems.append(Problem(place, f"`{value}`", "a number above 0"))
        return Decimal(1)
    return number


def _money(config: Config, place: str, problems: list[Problem]) -> None:
    """Tell of codes that are no currency, and of digits and rates that amounts could not be worked out with."""
    named = {"currency": [config.currency], "rates": config.rates, "currency_digits": config.currency_digits}
    problems += [
        Problem(f"{place} {key}", f"`{code}` is no currency code", "three capital letters, e.g. CNY")
        for key, codes in named.items()
        for code in codes
        if not re.fullmatch("[A-Z]{3}", code)
    ]
    problems += [
        Problem(f"{place} currency_digits.{code}", f"`{digits}`", f"0 to {MAX_DIGITS}")
        for code, digits in config.currency_digits.items()
        if digits > MAX_DIGITS
    ]
    if config.digits > MAX_DIGITS:
        return
    whole, decimals = 10 ** (RATE_DIGITS - RATE_SCALE), RATE_SCALE
    for code, rate in config.rates.items():
        per_unit = rate.scaleb(config.digits)
        if per_unit >= whole or per_unit != round(per_unit, decimals):
            held = f"below {whole // 10**config.digits:,}, with at most {decimals + config.digits} decimals"
            problems.append(Problem(f"{place} rates.{code}", f"`{rate}`", held))


def is_zone(name: str) -> bool:
    """Whether Python and Java both know the time zone."""
    if name in PYTHONS_ZONES or name.startswith(("right/", "posix/")):
        return False
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # `Asia` is a folder
        return False
    return True


def _plain(value: object) -> object:
    if is_dataclass(value):
        return {f.name: getattr(value, f.name) for f in fields(value)}
    return str(value)
