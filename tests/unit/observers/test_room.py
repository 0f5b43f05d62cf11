"""How many hosts may be lost, as `kasugai observe nova` shows it: read, shown, and kept where a read fails."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.metrics import CallbackOptions

from kasugai.adapters.inventory import Inventory
from kasugai.adapters.nova.survey import NovaSurvey
from kasugai.adapters.settings import NovaSettings
from kasugai.adapters.telemetry.meters import _read
from kasugai.adapters.telemetry.room_metrics import ROOM_AGE, SURVIVABLE, UNCOVERED
from kasugai.core.recovering.doors import CloudAway
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.timing import TEST
from kasugai.observers.room import Room
from kasugai.sim.cloud import SimCloud
from kasugai.sim.http import CloudThread
from tests.support.clouds import CLIENT, SWIFT

HOSTS = ("cmp1", "cmp2", "cmp3")


def furnish(cloud: SimCloud) -> None:
    """Three hosts with two guests each, and room for one more on each."""
    for host in HOSTS:
        cloud.add_host(host, capacity=3)
        for n in range(2):
            cloud.add_guest(f"{host}-{n}", host)


@pytest.fixture
def lab() -> Iterator[CloudThread]:
    with CloudThread(furnish, pace=SWIFT) as running:
        yield running


def inventory() -> Inventory:
    found = Inventory()
    for name in ("rack1", "empty"):
        found.put(SegmentRecord(segment_id=f"s-{name}", name=name))
    for host in HOSTS:
        found.put(HostRecord(host_uuid=f"u-{host}", name=host, segment_id="s-rack1"))
    return found


def test_it_is_read_and_shown_and_a_read_that_fails_leaves_it(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(100, 200, 10))

    async def away(*_: object) -> None:
        raise CloudAway("no answer")

    async def main() -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "clouds.yaml"
            file.write_text(lab.door.clouds_yaml())
            nova = NovaSurvey(NovaSettings(cloud="sim", clouds_file=str(file)), client=CLIENT)
            room = Room(nova, inventory, TEST, every=60.0, now=lambda: float(next(clock)))
            try:
                assert (room._survivable(), room._age()) == ([], [])
                await room.once()
                assert room._survivable() == [(1, {"segment": "rack1"})], "no number for no hosts"
                assert room._uncovered() == [(0, {"segment": "rack1"})]
                with room.shown():
                    seen = [
                        list(_read(each, CallbackOptions())) for each in (SURVIVABLE, UNCOVERED, ROOM_AGE)
                    ]
                assert [(one.value, one.attributes) for (one,) in seen] == [
                    (1, {"segment": "rack1"}),
                    (0, {"segment": "rack1"}),
                    (20.0, {}),
                ]
                assert room._age() == [(30.0, {})]
                monkeypatch.setattr(NovaSurvey, "services", away)
                await room.once()
                assert room.trouble.text == "how many hosts may be lost is not read: no answer"
                assert len(room._survivable()) == 1 and room._age()[0][0] > 30.0
            finally:
                await nova.close()

    asyncio.run(main())


def test_where_nothing_is_known_nothing_is_shown(lab: CloudThread) -> None:
    async def main() -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "clouds.yaml"
            file.write_text(lab.door.clouds_yaml())
            nova = NovaSurvey(NovaSettings(cloud="sim", clouds_file=str(file)), client=CLIENT)
            room = Room(nova, inventory, TEST, every=60.0, now=lambda: 0.0)
            try:
                lab.do(lambda cloud: setattr(cloud.world, "tells_room", False))
                await room.once()
                assert [each.lost for each in room.promises] == [None]
                assert room._survivable() == []
                assert room._uncovered() == [(6, {"segment": "rack1"})]
            finally:
                await nova.close()

    asyncio.run(main())
