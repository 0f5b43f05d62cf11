"""Each of the doctor's further questions by itself: clocks, policies, fence devices and the API, and what each says."""

import asyncio
import json
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from kasugai.adapters.inventory import Inventory
from kasugai.adapters.power.checking import UNREACHABLE
from kasugai.adapters.power.checking import Finding as Answered
from kasugai.adapters.settings import load
from kasugai.adapters.web import Answer, Unanswered
from kasugai.cli.checking import api_door, clocks, fences, policies
from kasugai.cli.checking.clocks import against_broker, against_nova, of_agents
from kasugai.cli.checking.finding import Finding, Word
from kasugai.cli.checking.policies import judged
from kasugai.core.recovering.doors import CloudAway, LogAway
from kasugai.core.words.disks import RootDisks
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.policy import DegradedCold, LocalGuests, Method, Policy
from kasugai.core.words.timing import BrokerTime, Millis
from kasugai.schemas.codec import NewerSchema
from kasugai.workers.custom import BadStep
from tests.support.incidents import SEGMENT, START
from tests.unit.cli.test_doctor import beat


@pytest.mark.parametrize(
    ("stamp", "writes", "word", "said"),
    [
        (START, True, Word.OK, "agrees with the broker's (within 0.0 s)"),
        (START + 500, False, Word.OK, "agrees"),
        (START + 7_000, True, Word.NO, "is 7.0 s behind the broker's; type: chronyc tracking"),
        (START - 20_000, True, Word.OK, "ahead of the broker's by 20 s at most"),
        (START - 20_000, False, Word.UNASKED, "so old is the newest record"),
        (START - 300_000, True, Word.NO, "ahead of the broker's by up to 300 s"),
        (None, True, Word.UNASKED, "it shows no record that it has dated"),
    ],
)
def test_this_machines_clock_is_judged_by_the_brokers_newest_stamp(
    stamp: int | None, writes: bool, word: Word, said: str
) -> None:
    newest = None if stamp is None else BrokerTime(stamp)
    found = against_broker(newest, START, START, somebody_writes=writes)
    assert found.word is word and said in found.text


@pytest.mark.parametrize(
    ("date", "word", "said"),
    [
        (START, Word.OK, "agrees"),
        (START - 3_500, Word.OK, "agrees"),
        (START + 30_000, Word.NO, "is 30 s ahead of this machine's"),
        (START - 31_000, Word.NO, "is 30 s behind this machine's"),
        (None, Word.UNASKED, "no Date header"),
    ],
)
def test_novas_clock_is_known_to_the_second(date: int | None, word: Word, said: str) -> None:
    found = against_nova(date, START, START)
    assert found.word is word and said in found.text


def test_agents_whose_clocks_are_off_are_named() -> None:
    assert of_agents({"cmp1": Millis(20), "cmp2": Millis(-900)}).word is Word.OK
    off = of_agents({f"cmp{n}": Millis(60_000) for n in range(8)} | {"good": Millis(1)})
    assert (
        off.word is Word.NO and "8 of 9 agents are off: cmp0 (-60 s)" in off.text and "and 3 more" in off.text
    )


def settings(tmp_path: Path, more: str = "") -> "object":
    file = tmp_path / "kasugai.conf"
    file.write_text(f"[kafka]\nbootstrap_servers = k1:9093\n{more}")
    return load([str(file)])


def test_clocks_that_nobody_lets_us_read_are_said_to_be_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> object:
        raise LogAway("TOPIC_AUTHORIZATION_FAILED")

    monkeypatch.setattr(clocks, "newest", refuse)
    found = list(clocks.clocks(settings(tmp_path)))  # type: ignore[arg-type]
    assert [each.word for each in found] == [Word.UNASKED, Word.UNASKED]
    assert all("TOPIC_AUTHORIZATION_FAILED" in each.text for each in found)


def test_each_clock_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def date(_: object) -> int:
        return START

    asked = iter([BrokerTime(START), None])
    monkeypatch.setattr(clocks, "newest", lambda *_: next(asked))
    monkeypatch.setattr(clocks, "members", lambda *_: {})
    monkeypatch.setattr(clocks, "now", lambda: START)
    monkeypatch.setattr(clocks, "_date", date)
    found = list(clocks.clocks(settings(tmp_path, "[nova]\ncloud = sim\n")))  # type: ignore[arg-type]
    assert [(each.word, each.text.split("'s")[0]) for each in found] == [
        (Word.OK, "this machine"),
        (Word.OK, "Nova"),
        (Word.UNASKED, "agents' cannot be known: the broker shows no heartbeat"),
    ]

    async def away(_: object) -> int:
        raise CloudAway("no")

    monkeypatch.setattr(clocks, "newest", lambda *_: BrokerTime(START))
    monkeypatch.setattr(clocks, "_date", away)
    bad = replace(beat("cmp1", 0), value=b"rubbish")
    monkeypatch.setattr(clocks, "written_since", lambda *_: [beat("cmp1", 9_000), beat("cmp1", 20), bad])
    found = list(clocks.clocks(settings(tmp_path, "[nova]\ncloud = sim\n")))  # type: ignore[arg-type]
    assert [each.text for each in found][1:] == ["those of 1 agents agree with the broker's"]


def inventory(policy: Policy, *hosts: HostRecord) -> Inventory:
    found = Inventory()
    found.put(SegmentRecord(segment_id=SEGMENT, name="rack 1", policy=policy))
    for host in hosts:
        found.put(host)
    return found


CMP1 = HostRecord(host_uuid="1", name="cmp1", segment_id=SEGMENT)
RESERVE = HostRecord(host_uuid="2", name="spare", segment_id=SEGMENT, reserved=True)


@pytest.mark.parametrize(
    ("policy", "hosts", "word", "said"),
    [
        (Policy(), (), Word.ODD, "it has no hosts"),
        (
            Policy(method=Method.RESERVED_HOST),
            (CMP1,),
            Word.NO,
            "wants a reserve, and no host is described as one",
        ),
        (Policy(method=Method.RH_PRIORITY), (CMP1,), Word.ODD, "wants a reserve"),
        (Policy(), (CMP1, RESERVE), Word.ODD, "method: auto uses no reserve, and spare"),
        (
            Policy(degraded_cold=DegradedCold.STOPPED),
            (CMP1,),
            Word.ODD,
            "degraded-cold: stopped says nothing",
        ),
        (
            Policy(local_guests=LocalGuests.REBUILD, root_disks=RootDisks.SHARED),
            (CMP1,),
            Word.ODD,
            "root-disks: shared has no local disks",
        ),
        (
            Policy(process_evacuate=("nova-compute",)),
            (CMP1,),
            Word.ODD,
            "nova-compute stand in process-evacuate",
        ),
        (Policy(exclude_names=("*",)), (CMP1,), Word.NO, "every guest is left where it is"),
        (Policy(host_before=("page-us",)), (CMP1,), Word.UNASKED, "its steps page-us are not installed"),
    ],
)
def test_a_policy_that_does_not_mean_what_it_says_is_told(
    policy: Policy, hosts: tuple[HostRecord, ...], word: Word, said: str
) -> None:
    (found,) = judged(inventory(policy, *hosts), frozenset())
    assert found.word is word and said in found.text
    assert found.text.startswith("rack 1: ") and found.text.endswith("; type: kasugai segment show 'rack 1'")


def test_policies_that_go_together_are_well() -> None:
    own = replace(CMP1, root_disks=RootDisks.LOCAL)
    rebuilt = Policy(local_guests=LocalGuests.REBUILD, root_disks=RootDisks.SHARED, host_after=("mine",))
    reserves = Policy(method=Method.RESERVED_HOST)
    assert [each.word for each in judged(inventory(rebuilt, own), frozenset({"mine"}))] == [Word.OK]
    assert [each.word for each in judged(inventory(reserves, CMP1, RESERVE), frozenset())] == [Word.OK]
    assert [each.word for each in judged(Inventory(), frozenset())] == [Word.UNASKED]


def test_what_a_newer_kasugai_described_and_a_step_that_cannot_be_made_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def newer(_: object) -> Inventory:
        raise NewerSchema("schema 1999")

    async def known(_: object) -> Inventory:
        return inventory(Policy(), CMP1)

    def broken() -> object:
        raise BadStep("the step 'mine' cannot be used")

    monkeypatch.setattr(policies, "_inventory", newer)
    (found,) = policies.policies(settings(tmp_path))  # type: ignore[arg-type]
    assert found.word is Word.NO and "upgrade this one" in found.text
    monkeypatch.setattr(policies, "_inventory", known)
    monkeypatch.setattr(policies, "installed", broken)
    assert [each.word for each in policies.policies(settings(tmp_path))] == [Word.NO, Word.OK]  # type: ignore[arg-type]


class Device:
    """A device that is there."""

    name = "bmc"

    async def status(self) -> object:
        return "on"


def answered(host: str, state: str = "on", why: str = "") -> Answered:
    return Answered(host=host, number=1, device="bmc", state=state, seconds=0.1, why=why)


def told(found: Sequence[Answered], hosts: Iterable[str]) -> list[Finding]:
    return list(fences.told(found, {host: (Device(),) for host in hosts}))  # type: ignore[misc]


def test_devices_that_answer_and_those_that_do_not() -> None:
    (well,) = told([answered("cmp1"), answered("cmp2", "off")], ["cmp1", "cmp2"])
    assert well.word is Word.OK and "all 2 answer" in well.text
    (bad,) = told([answered("cmp 1", UNREACHABLE, "login refused")], ["cmp 1"])
    assert bad.word is Word.NO and bad.text.endswith("login refused; type: kasugai power check 'cmp 1'")
    many = [answered(f"cmp{n:02}", UNREACHABLE, "no") for n in range(13)]
    assert [each.word for each in told(many, [each.host for each in many])] == [Word.NO] * 11
    late = told([answered("cmp1")], ["cmp1", "cmp2"])
    assert [each.word for each in late] == [Word.UNASKED] and "1 of 2 hosts' were not asked" in late[0].text


def test_devices_are_not_waited_for_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(*_: object) -> AsyncGenerator[list[Answered], None]:
        yield [answered("cmp1")]
        await asyncio.Event().wait()

    monkeypatch.setattr(fences, "check", slow)
    monkeypatch.setattr(fences, "ALL_WITHIN", 0.05)
    monkeypatch.setattr(fences, "known_devices", lambda _: {"cmp1": (Device(),), "cmp2": (Device(),)})
    found = list(fences.fences(settings(tmp_path)))  # type: ignore[arg-type]
    assert [each.word for each in found] == [Word.OK, Word.UNASKED]


def test_the_api_is_asked_where_it_listens_and_says_whether_it_is_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {
        "http://[::1]:15868/": Answer(status=200, headers={}, body=b'{"versions": [{"version": "1.3"}]}'),
        "http://127.0.0.1:9107/readyz": Answer(status=503, headers={}, body=b"waits for Redis\n"),
    }
    asked = []

    async def get(url: str) -> Answer:
        asked.append(url)
        if url not in answers:
            raise Unanswered("does not answer: refused")
        return answers[url]

    monkeypatch.setattr(api_door, "_get", get)
    conf = settings(tmp_path, "[api]\nlisten = ::1\n[telemetry]\napi_port = 9107\n")
    first, second = api_door.api_door(conf)  # type: ignore[arg-type]
    assert (first.word, second.word) == (Word.OK, Word.NO)
    assert "not ready: waits for Redis; type: curl http://127.0.0.1:9107/readyz" in second.text
    answers["http://127.0.0.1:9107/readyz"] = Answer(status=200, headers={}, body=b"")
    assert [each.word for each in api_door.api_door(conf)] == [Word.OK, Word.OK]  # type: ignore[arg-type]
    del answers["http://127.0.0.1:9107/readyz"]
    assert [each.word for each in api_door.api_door(conf)] == [Word.OK, Word.NO]  # type: ignore[arg-type]
    answers.clear()
    (nobody,) = api_door.api_door(conf)  # type: ignore[arg-type]
    assert nobody.word is Word.UNASKED and "systemctl status kasugai-api" in nobody.text


@pytest.mark.parametrize("body", [b"<html>", b"{}", json.dumps({"versions": []}).encode()])
def test_what_is_not_our_api_is_told(body: bytes) -> None:
    found = api_door.of_versions("http://x/", Answer(status=200, headers={}, body=body))
    assert found.word is Word.NO and "curl -i http://x/" in found.text
