"""`kasugai observe power` on a real Kafka and a fence agent: who is suspected is read, and nothing is ever switched."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from opentelemetry.metrics import CallbackOptions

from kasugai.adapters.kafka.inventory_writer import InventoryWriter
from kasugai.adapters.kafka.layout import wanted
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.reader import Reader
from kasugai.adapters.kafka.topics import Topics
from kasugai.adapters.settings.values import ObserveSettings, PowerSettings, Settings
from kasugai.adapters.telemetry.meters import _read
from kasugai.adapters.telemetry.observer_metrics import ANSWERS
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import Fault, Symptom
from kasugai.core.words.subject import host_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from kasugai.observers.app import run
from kasugai.observers.parts import Word
from kasugai.schemas.codec import decode
from kasugai.schemas.topics import POWER, VERDICTS
from tests.support.fake_agents import FakeAgents
from tests.support.kafka import KafkaServer
from tests.support.streams import settings_for
from tests.unit.core.makers import uuid_of

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

RACK = SegmentRecord(segment_id="5e9b7f43-9b57-4d2e-8b0e-3f7c8d1a9f10", name="rack1")


def verdict(number: int, verb: Verb, host: str = "cmp1") -> Verdict:
    return Verdict(
        verdict_id=uuid_of(number),
        verb=verb,
        subject=host_subject(host),
        segment=RACK.segment_id,
        reason=Reason.FIRST_SIGHTING,
        evidence=(),
        count=1,
        at=BrokerTime(0),
    )


async def said(settings: Settings) -> list[tuple[str, str, Symptom]]:
    async with Reader(settings.kafka, "test-power") as reader:
        found = [await reader.read_range(POWER, p, 0) for p in await reader.partitions(POWER)]
    words = [decode(record.value or b"") for each in found for record in each.records]
    return [(word.host, word.observer, word.symptom) for word in words if isinstance(word, Fault)]


async def until(what: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await what():  # noqa: ASYNC110 - Kafka tells nobody
            await asyncio.sleep(0.3)


def furnish(own_kafka: KafkaServer, tmp_path: Path, device_interval: int) -> tuple[FakeAgents, Settings]:
    """Two hosts that are off, by a fence agent each."""
    agents = FakeAgents(tmp_path)
    for name in ("bmc1", "bmc2"):
        agents.device(name)
        agents.set(name, status=[2, "Status: OFF", ""])
    devices = tmp_path / "observe-power.yaml"
    devices.write_text(
        "hosts:\n"
        + "".join(f"  cmp{n}: [{{agent: fence_fake, parameters: {{ip: bmc{n}}}}}]\n" for n in (1, 2))
    )
    devices.chmod(0o600)
    settings = replace(
        settings_for(own_kafka.bootstrap, "w1"),
        power=PowerSettings(devices_file=str(devices), agents_dir=str(tmp_path)),
        observe=ObserveSettings(interval=1_000, power_interval=1_000, device_interval=device_interval),
    )
    Topics(settings).apply(wanted(settings))
    return agents, settings


def test_a_suspected_host_that_is_off_is_proven_dead_and_no_device_is_switched(
    own_kafka: KafkaServer, tmp_path: Path
) -> None:
    agents, settings = furnish(own_kafka, tmp_path, device_interval=0)

    async def story() -> None:
        async with InventoryWriter(settings.kafka, "test-inventory") as writer:
            await writer.edit(
                lambda inventory: [
                    RACK,
                    *(
                        HostRecord(host_uuid=f"u{n}", name=f"cmp{n}", segment_id=RACK.segment_id)
                        for n in (1, 2)
                    ),
                ]
            )
        stop = asyncio.Event()
        observing = asyncio.create_task(run(settings, [Word.POWER], stop))
        async with Producer(settings.kafka, "test") as producer:
            await producer.send(VERDICTS, verdict(1, Verb.SUSPECT))
            await until(lambda: _has(settings, ("cmp1", "power/w1", Symptom.OFF)))
            agents.set("bmc1", status=[0, "Status: ON", ""])
            await until(lambda: _has(settings, ("cmp1", "power/w1", Symptom.CLEAR)))
        stop.set()
        await observing

    asyncio.run(story())
    assert {asked.action for asked in agents.asked("bmc1")} == {"status"}
    assert agents.asked("bmc2") == [], "nobody suspects cmp2"


def test_devices_are_checked_and_nothing_is_said_of_their_hosts(
    own_kafka: KafkaServer, tmp_path: Path
) -> None:
    agents, settings = furnish(own_kafka, tmp_path, device_interval=500)
    agents.set("bmc2", status=[1, "", "no route to host"])

    async def checked() -> bool:
        return all(len(agents.asked(name)) > 2 for name in ("bmc1", "bmc2"))

    async def story() -> dict[object, float]:
        stop = asyncio.Event()
        observing = asyncio.create_task(run(settings, [Word.POWER], stop))
        await until(checked)
        seen = _read(ANSWERS, CallbackOptions())
        shown: dict[object, float] = {(each.attributes or {})["hostname"]: each.value for each in seen}
        stop.set()
        await observing
        return shown

    assert asyncio.run(story()) == {"cmp1": 1.0, "cmp2": 0.0}
    assert {asked.action for name in ("bmc1", "bmc2") for asked in agents.asked(name)} == {"status"}
    assert asyncio.run(said(settings)) == [], "cmp1 reads off, and nobody asked"


async def _has(settings: Settings, word: tuple[str, str, Symptom]) -> bool:
    return word in await said(settings)
