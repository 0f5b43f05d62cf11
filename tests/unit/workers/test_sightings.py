"""Tales of landings wake whom they concern, once a guest, and nobody else; nothing that is told ends a worker."""

import asyncio
import logging
from typing import Self

import pytest

from kasugai.adapters.kafka.records import Incoming
from kasugai.core.words.sighting import Sighting
from kasugai.core.words.timing import MonoTime
from kasugai.schemas.codec import encode
from kasugai.schemas.topics import SIGHTINGS
from kasugai.workers import sightings
from kasugai.workers.ownership import Assignment
from kasugai.workers.sightings import hand_on, listen
from tests.support.clouds import until
from tests.support.incidents import opened
from tests.support.streams import settings_for

TOLD = Sighting(host="cmp1", guest="g1", observer="bridge")


def incoming(key: bytes | None, value: bytes | None) -> Incoming:
    return Incoming(topic=SIGHTINGS, partition=0, offset=1, at=1, key=key, value=value)


def test_what_is_no_sighting_of_its_own_host_wakes_nobody() -> None:
    heard: list[Sighting] = []
    records = [
        incoming(b"cmp1", b"rubbish"),
        incoming(b"cmp1", None),
        incoming(b"cmp2", encode(TOLD)),
        incoming(None, encode(TOLD)),
        incoming(b"cmp1", encode(opened())),
        incoming(b"cmp1", encode(TOLD)),
    ]
    hand_on(records, heard.append)
    assert heard == [TOLD]


def test_a_flood_of_tales_wakes_an_owner_once_for_each_guest_that_he_moves() -> None:
    async def play() -> Assignment:
        assignment = Assignment(order=opened())
        assignment.untold |= {"g1", "g2"}
        for number in range(10_000):
            assignment.see(f"made-up-{number}", MonoTime(1))
        assert not assignment.stir.is_set() and assignment.sighted == {}
        assignment.see("g1", MonoTime(2))
        assert assignment.stir.is_set()
        assignment.sighted.clear()
        assignment.stir.clear()
        assignment.see("g1", MonoTime(3))
        assert not assignment.stir.is_set() and assignment.sighted == {}, "the second tale of one"
        assignment.see("g2", MonoTime(4))
        return assignment

    assert asyncio.run(play()).sighted == {"g2": 4}


def test_a_bug_in_listening_is_told_and_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        tries = 0

        def __init__(self, *_: object) -> None:
            Broken.tries += 1

        async def __aenter__(self) -> Self:
            raise RuntimeError("a mistake of ours")

        async def __aexit__(self, *_: object) -> None:
            return

    monkeypatch.setattr(sightings, "Reader", Broken)
    monkeypatch.setattr(sightings, "AGAIN", 0.0)

    async def play() -> None:
        ear = asyncio.create_task(listen(settings_for("127.0.0.1:1").kafka, "test", lambda _: None))
        await until(lambda: Broken.tries >= 3)
        assert not ear.done()
        ear.cancel()

    with caplog.at_level(logging.ERROR, "kasugai.workers.sightings"):
        asyncio.run(play())
    assert "a bug keeps this worker" in caplog.text
