"""What a lake keeps as it began: stored money and dates mean what these settings said when they were stored."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from huaxiang.errors import ConfigurationError, Problem

if TYPE_CHECKING:
    from huaxiang.config import Config
    from huaxiang.tables.lake import Lake

FILE = "_settled.json"


def check_settled(lake: Lake, config: Config) -> None:
    """Refuse another currency or business zone than the one this lake's amounts and dates are stored in."""
    now = {"currency": config.currency, "business_zone": config.business_zone}
    text = lake.storage.read_text(FILE)
    if text is None or lake.holds_nothing:  # a first night that was refused settles nothing
        lake.storage.write_text(FILE, json.dumps(now))
        return
    before = json.loads(text)
    hint = "what is stored would not change with it: set it back, or begin a new lake"
    problems = [Problem(key, now[key], before[key], hint) for key in now if now[key] != before[key]]
    if problems:
        raise ConfigurationError(problems, "This lake was made with other settings. Nothing was read.")
