"""What `huaxiang stages flow` answers from released moves, also across a ladder's new version."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from tests.light import put, release

from huaxiang.cli.main import main
from huaxiang.errors import ConfigurationError
from huaxiang.stages.told import Flow, flow

if TYPE_CHECKING:
    from pathlib import Path

STAGES = ("aware", "loyal")
NIGHTS = (date(2026, 11, 18), date(2026, 11, 19), date(2026, 11, 20))
MOVES = [  # release, from, to, people, days in all, restated
    (1, "aware", "aware", 7, 70, False),
    (1, "aware", "loyal", 2, 10, False),
    (2, "aware", "aware", 5, 60, True),
    (2, "aware", "loyal", 9, 99, True),
    (3, "loyal", "loyal", 8, 8, False),
    (3, "loyal", None, 1, 4, False),
]


def lake_of(
    root: Path,
    moves: list[tuple[int, str, str | None, int, int, bool]],
    *,
    night: date | None = None,
    **fixed: list[Any],
) -> Path:
    """A lake whose newest release, of `night` or the last that moves tell of, holds these moves."""
    names = ("release", "from_stage", "to_stage", "people", "person_days", "restated")
    rows = dict(zip(names, map(list, zip(*moves, strict=True)), strict=True))
    rows |= {"ladder": ["aipl"] * len(moves), "brand_id": ["b1"] * len(moves)}
    rows |= {"as_of": [NIGHTS[number - 1] for number, *_ in moves], **fixed}
    release(root, None, [put(root, "stage_flow", rows)], as_of=night or max(rows["as_of"]))
    return root


def told(lake: Path, *, since: date | None = None) -> Flow:
    return flow(lake, "aipl", STAGES, brand=None, since=since)


def test_moves_add_up_over_nights_and_who_stays_is_told_of_the_last(tmp_path: Path) -> None:
    found = told(lake_of(tmp_path, MOVES), since=NIGHTS[0])
    assert found.moves.as_rows() == [
        {"row": "aware", "column": "loyal", "people": 2},
        {"row": "loyal", "column": "loyal", "people": 8},
        {"row": "loyal", "column": None, "people": 1},
    ]
    assert found.mean_days == {"aware": 5.0, "loyal": 4.0}
    assert found.restated == (NIGHTS[1],)
    assert told(tmp_path).restated == ()


def test_no_older_night_stands_in_for_a_restated_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = lake_of(tmp_path, [move for move in MOVES if move[0] < 3])
    found = told(lake, since=NIGHTS[0])
    assert found.moves.as_rows() == [{"row": "aware", "column": "loyal", "people": 2}]
    assert (found.first, found.last, found.restated) == (NIGHTS[0], NIGHTS[1], (NIGHTS[1],))
    assert main(["stages", "flow", "aipl", "--from", "2026-11-18", "--lake", str(lake), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["restated"] == ["2026-11-19"]
    assert main(["stages", "flow", "aipl", "--lake", str(lake)]) == 0
    assert capsys.readouterr().out.endswith("2026-11-19.\n")
    assert main(["stages", "flow", "experience", "--brand", "b1", "--lake", str(lake)]) == 2
    assert "`experience` is climbed once per person" in capsys.readouterr().err


def test_a_night_told_twice_is_left_out_whole_if_the_second_restated(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, MOVES[:2])
    rows = [(1, *MOVES[0][1:]), (1, *MOVES[1][1:]), (2, "aware", "loyal", 9, 99, True)]
    twice = {"as_of": [NIGHTS[0]] * 3}
    found = told(lake_of(tmp_path / "twice", rows, **twice), since=NIGHTS[0])
    assert (found.restated, found.moves.as_rows()) == ((NIGHTS[0],), [])
    assert told(lake).moves.as_rows() == [
        {"row": "aware", "column": "aware", "people": 7},
        {"row": "aware", "column": "loyal", "people": 2},
    ]


def test_a_ladder_that_everybody_left_is_told_up_to_the_night_of_the_release(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, MOVES[:2], night=NIGHTS[2])
    assert told(lake).last == NIGHTS[2]
    assert told(lake).moves.as_rows() == []
    assert told(lake, since=NIGHTS[0]).moves.as_rows() == [{"row": "aware", "column": "loyal", "people": 2}]


def test_nights_to_come_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="2026-11-21 is after the newest night"):
        told(lake_of(tmp_path, MOVES), since=date(2026, 11, 21))
