"""The screen of `kasugai status`: the word first, then what to type next; an exit code for whoever watches it."""

import argparse
import json
from typing import Any

import pytest

from kasugai.cli import status as command
from kasugai.cli.exits import Exit
from kasugai.cli.main import main
from kasugai.cli.status import as_json, page
from kasugai.core.recovering.doors import LogAway
from kasugai.core.telling.status import WORDS, Level, Matter, Status
from kasugai.core.words.timing import BrokerTime
from tests.support.incidents import START
from tests.support.printed import printed

HELD = Matter(
    level=Level.ACT,
    segment="rack1",
    about="cmp3",
    what="held (no-fence-device), 0 of 12 guests back",
    since=BrokerTime(START),
    next="kasugai explain cmp3",
)
MOVING = Matter(
    level=Level.COMING,
    segment="rack1",
    about="cmp1",
    what="recovering (power-off), 5 of 9 guests back",
    since=BrokerTime(START + 60_000),
    next="kasugai incident watch cmp1",
)
NOW = START + 125_000


def test_the_word_comes_first_and_each_row_ends_with_what_to_type() -> None:
    found = Status(matters=(HELD, MOVING), down=16, back=5)
    assert [line.rstrip() for line in printed(page(found, NOW, None)).splitlines()] == [
        "act: something waits for a person",
        "guests: 16 down, 5 back",
        "",
        "SEGMENT  WHAT  HOW IT STANDS                                 FOR  NEXT",
        "rack1    cmp3  held (no-fence-device), 0 of 12 guests back  2m5s  kasugai explain cmp3",
        "rack1    cmp1  recovering (power-off), 5 of 9 guests back   1m5s  kasugai incident watch cmp1",
    ]


def test_when_nothing_is_wrong_it_says_so_and_no_more() -> None:
    assert printed(page(Status(matters=(), down=0, back=0), NOW, 80)) == WORDS[Level.WELL]


def test_programs_get_the_same() -> None:
    shown = as_json(Status(matters=(HELD,), down=12, back=0))
    assert (shown["status"], shown["guests_down"], shown["guests_back"]) == ("act", 12, 0)
    assert shown["matters"][0] == {
        "level": "act",
        "segment": "rack1",
        "about": "cmp3",
        "what": "held (no-fence-device), 0 of 12 guests back",
        "since": START,
        "next": "kasugai explain cmp3",
    }


class Inventory:
    """One without a segment."""

    def __init__(self, *_: object) -> None:
        self.inventory = self

    async def __aenter__(self) -> "Inventory":
        return self

    async def __aexit__(self, *_: object) -> None:
        return

    def segments(self) -> list[object]:
        return []


async def nothing(_: object) -> list[object]:
    return []


@pytest.mark.parametrize(
    ("counts", "code", "word"),
    [
        ({"kasugai-route": 2, "kasugai-correlate": 1, "kasugai-worker-host": 1}, Exit.OK, "well"),
        ({"kasugai-route": 0, "kasugai-correlate": 1, "kasugai-worker-host": 1}, Exit.NO, "act"),
        ({}, Exit.OK, "well"),
        (LogAway("Not authorized"), Exit.OK, "note"),
    ],
)
def test_a_pipeline_without_a_process_wants_a_person(
    monkeypatch: pytest.MonkeyPatch, capsys: Any, counts: Any, code: Exit, word: str
) -> None:
    def members(*_: object) -> dict[str, int]:
        if isinstance(counts, LogAway):
            raise counts
        found: dict[str, int] = counts
        return found

    monkeypatch.setattr("kasugai.adapters.kafka.groups.members", members)
    monkeypatch.setattr("kasugai.adapters.kafka.inventory_reader.InventoryReader", Inventory)
    monkeypatch.setattr("kasugai.cli.recorded.replay", nothing)
    monkeypatch.setattr("kasugai.cli.status.settings_of", lambda _: argparse.Namespace(kafka=None))
    assert set(command.NEEDED.values()) == {"kasugai-route", "kasugai-correlate", "kasugai-worker-host"}
    assert main(["status", "-o", "json"]) == code
    shown = json.loads(capsys.readouterr().out)
    assert shown["status"] == word
    if code is Exit.NO:
        assert [each["next"] for each in shown["matters"]] == ["systemctl status kasugai-route"]
