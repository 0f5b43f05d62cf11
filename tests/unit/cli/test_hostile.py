"""Whatever a name, a reason or an error holds: no command writes what a terminal would obey, and nothing that came from
outside makes a line of its own.

Each command that tells something from outside is run on records in which every text holds every such character.
"""

import argparse
import json
import re
import sqlite3
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kasugai.adapters.inventory import Inventory
from kasugai.adapters.kafka.layout import Finding, Report
from kasugai.adapters.kafka.reader import Batch, Place
from kasugai.adapters.kafka.records import Incoming
from kasugai.adapters.nova import Right, Standing
from kasugai.adapters.rabbit.wire import RabbitAway
from kasugai.cli.demo.screen import Screen
from kasugai.cli.exporting.ledger import document, sealed, signed_bytes
from kasugai.cli.main import build_parser, main
from kasugai.cli.recorded import Step
from kasugai.cli.whatif_file import as_json
from kasugai.core.recovering.doors import CloudRefused, LogAway
from kasugai.core.recovering.nova_views import ServicesView, ServiceView
from kasugai.core.telling.incident_views import Seen
from kasugai.core.telling.whatif import Forecast, Loss
from kasugai.core.words.capacity import Outlook, Snapshot
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import InventoryChange, Letter, Stamp
from kasugai.core.words.subject import host_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb
from kasugai.observers.app import names
from kasugai.observers.silences import Found, Read
from kasugai.schemas.codec import encode
from kasugai.schemas.recordings import About, Entry, RecordingWriter
from kasugai.schemas.topics import SIGNALS, VERDICTS
from kasugai.workers.rebuild import Difference, Done
from tests.support.estates import estate, guest
from tests.support.fake_agents import FakeAgents
from tests.support.hostile import FORGED, HOSTILE, betrayed, poisoned
from tests.support.incidents import SEGMENT, START, WHOLE, decided, view_of
from tests.support.masakari import ROWS, TABLES

HOST = "cmp1" + HOSTILE
RACK = "rack1" + HOSTILE
OWN_WORDS = {
    "demo": "its screen, below",
    "policy sample": "rules of ours",
    **dict.fromkeys(
        ("agent enroll", *(f"agent keys {verb}" for verb in ("new", "list", "rotate", "retire", "revoke"))),
        "ids and names that are checked where they are read: test_agent_keys.py",
    ),
    "sim list": "scenarios of ours",
    "sim detect": "seeds of ours",
    "topics apply": "as topics check",
    "topics remake": "as topics check, and hosts as incident list",
    "route": "its log: tests/unit/telemetry/test_logs.py",
    "liveness": "its log",
    "agent check": "its own files: tests/unit/agents/test_checking.py",
    "shadow": "the sentences of replay: test_shadow.py",
    "record": "the name of its file, as replay; what is in it is written as bytes",
    "incident export": "the name of its file; who is meant is found as by incident show",
    "correlate": "its log",
    "project": "its log",
    "api": "its log",
    **dict.fromkeys(
        ("incident approve", "incident cancel", "incident retry", "incident retire"), "as incident hold"
    ),
    **dict.fromkeys(("segment disarm", "segment approve"), "as segment arm"),
}
"""Commands that are not run here, and why."""


class Known:
    """What reads and writes the inventory, and holds a segment and a host whose names are anything."""

    offset = 1

    def __init__(self, *_: object) -> None:
        self.inventory = Inventory()
        described = SegmentRecord(segment_id=SEGMENT, name="rack1", description="by the window", armed=False)
        self.inventory.put(poisoned(described, but=frozenset({SEGMENT})))
        host = HostRecord(host_uuid="1", name="cmp1", segment_id=SEGMENT, on_maintenance=True)
        self.inventory.put(poisoned(host, but=frozenset({SEGMENT, "1"})))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def edit(self, edit: Callable[[Inventory], object]) -> None:
        edit(self.inventory)

    async def send(self, *_: object) -> Stamp:
        return Stamp(partition=0, offset=0, at=BrokerTime(0))


class Topic:
    """A topic with a record of anything."""

    def __init__(self, *_: object) -> None:
        pass

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def partitions(self, _: str) -> list[int]:
        return [0]

    async def assign(self, _: object) -> None:
        pass

    async def next(self) -> Batch:
        noise = HOSTILE.encode(errors="surrogatepass")
        record = Incoming(
            topic="t",
            partition=0,
            offset=0,
            at=0,
            key=noise,
            value=noise,
            headers=(("name" + HOSTILE, noise),),
        )
        return Batch((record,), (Place("t", 0, 1),))


class Cloud:
    """A Nova whose refusals hold anything."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    async def check(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def rights(self, **_: object) -> tuple[Right, ...]:
        return (Right(rule="r" + HOSTILE, what="w", standing=Standing.MISSING, why=FORGED + HOSTILE),)


class Survey(Cloud):
    """A Nova of one host in a zone, and with a guest, of any names."""

    async def services(self) -> ServicesView:
        view = ServiceView(
            service_id="s",
            host=HOST,
            is_up=True,
            is_enabled=True,
            forced_down=False,
            updated_at="",
            age=0.0,
            age_is_bound=False,
            zone="az1" + HOSTILE,
        )
        return ServicesView(computes=(view,))

    async def aggregates(self) -> tuple[()]:
        return ()

    async def guests(self, _: str) -> tuple[()]:
        return ()


async def _surveyed(*_: object) -> Snapshot:
    unknown = guest("web1" + HOSTILE, settled=Outlook.UNKNOWN, why=FORGED + HOSTILE)
    found = estate({HOST: (0, 0)}, {HOST: [unknown]})
    return replace(found, segments={SEGMENT: replace(found.segments["s1"], name=RACK)})


def _forecast() -> str:
    said = Forecast(uuid="u", name="web1" + HOSTILE, host=HOST, outlook=Outlook.FITS, to="cmp2" + HOSTILE)
    return json.dumps(as_json(Loss(hosts=(), guests=(said,)), START))


SEEN = tuple(
    Seen(BrokerTime(START + 1000 * offset), offset, poisoned(value, but=frozenset({SEGMENT})))
    for offset, value in enumerate(
        (
            *WHOLE,
            decided(Verb.HOLD, Reason.COMMAND, None, "by ann"),
            decided(Verb.REFUSE, Reason.COMMAND, None, "no"),
        )
    )
)


async def follow(_: object) -> AsyncGenerator[Step, None]:
    yield Step(SEEN, True)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A kasugai.conf, and a world behind every door in which all texts are hostile."""
    for place in ("adapters.kafka.inventory_reader", "cli.recorded"):
        monkeypatch.setattr(f"kasugai.{place}.InventoryReader", Known)
    monkeypatch.setattr("kasugai.adapters.kafka.inventory_writer.InventoryWriter", Known)
    monkeypatch.setattr("kasugai.adapters.kafka.producer.Producer", Known)
    monkeypatch.setattr("kasugai.cli.recorded.follow", follow)
    monkeypatch.setattr("kasugai.adapters.kafka.groups.members", lambda *_: {})
    monkeypatch.setattr("kasugai.cli.watch.follow", follow)
    monkeypatch.setattr("kasugai.adapters.kafka.tap.Reader", Topic)
    monkeypatch.setattr("kasugai.adapters.kafka.topics.Topics.check", lambda *_: [_report()])
    monkeypatch.setattr("kasugai.cli.rebuild._run", _lacking)
    monkeypatch.setattr("kasugai.cli.rights.NovaCloud", Cloud)
    monkeypatch.setattr("kasugai.observers.checking.InventoryReader", Known)
    monkeypatch.setattr("kasugai.observers.parts.SilencesOf.silences", _silences)
    _forecasting(tmp_path, monkeypatch)
    monkeypatch.setattr("kasugai.bridge.transports.rabbit_check.connected", _away)
    monkeypatch.setattr("kasugai.cli.checks._ask_redis", _user)
    monkeypatch.setattr("kasugai.cli.checks.hidden", lambda *_: frozenset())
    monkeypatch.setattr("kasugai.cli.checking.policies.InventoryReader", Known)
    monkeypatch.setattr("kasugai.cli.checking.clocks.newest", _nothing)
    monkeypatch.setattr("kasugai.cli.checking.clocks._date", _date)
    agents = FakeAgents(tmp_path)
    agents.device("bmc1")
    agents.set("bmc1", status=[1, "", FORGED + HOSTILE.replace("\x00", "")])
    devices = tmp_path / "power.yaml"
    devices.write_text("hosts:\n  cmp1:\n    - {agent: fence_fake, parameters: {ip: bmc1}}\n")
    devices.chmod(0o600)
    _files(tmp_path)
    file = tmp_path / "kasugai.conf"
    file.write_text(
        "[kafka]\nbootstrap_servers = nobody:1\n[nova]\ncloud = sim\n"
        f"[power]\ndevices_file = {devices}\nagents_dir = {tmp_path}\n"
        "[observe]\nalertmanager_urls = http://127.0.0.1:1\n[bridge]\ntransport_url = rabbit://127.0.0.1:1\n"
        f"[announce]\nreceivers_file = {_receivers(tmp_path)}\n"
    )
    return str(file)


def _files(folder: Path) -> None:
    (folder / "rack1.yaml").write_text(f"name: rack2\nid: {SEGMENT}\nhosts: [cmp2]\n")
    (folder / "bad.yaml").write_text('name: "rack1\\e[2K"\n')
    _masakari(folder / "masakari.sqlite")
    _recording(folder / "hostile.recording")
    _ledger(folder)


def _forecasting(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kasugai.cli.whatif_read.InventoryReader", Known)
    monkeypatch.setattr("kasugai.cli.whatif_read.NovaSurvey", Survey)
    monkeypatch.setattr("kasugai.cli.whatif_read.survey", _surveyed)
    monkeypatch.setattr("kasugai.cli.whatif_compare.NovaCloud", Survey)
    (folder / "forecast.json").write_text(_forecast())


def _receivers(folder: Path) -> Path:
    own = {"url": "https://chat", "body": {"text": "$summary"}, "segments": ["rack1" + FORGED + HOSTILE]}
    file = folder / "receivers.yaml"
    file.write_text(json.dumps({"receivers": {"own": own}}))
    return file


def _report() -> Report:
    return Report(
        topic="t" + HOSTILE, finding=Finding.DIFFERS, differences=("retention.ms is " + FORGED + HOSTILE,)
    )


async def _silences(_: object) -> Read:
    late = 4_000_000_000_000
    name = next(iter(names(Known())))  # type: ignore[arg-type]
    found = Found(
        silence_id="s1",
        host=name,
        is_active=True,
        until=late,
        author="ann" + HOSTILE,
        reason=FORGED + HOSTILE,
    )
    return Read(found=(found,), near=("s2" + HOSTILE,))


async def _lacking(*_: object, **__: object) -> tuple[int, list[Difference]]:
    lacks = Difference(
        subject=host_subject(HOST), incident=UUID(int=1), what=FORGED + HOSTILE, done=Done.TO_WRITE
    )
    return 1, [lacks]


def _nothing(*_: object) -> object:
    raise LogAway("a broker says " + FORGED + HOSTILE)


async def _date(_: object) -> None:
    return None


def _away(*_: object) -> object:
    raise RabbitAway("a broker says " + FORGED + HOSTILE)


async def _user(_: object) -> tuple[str, bool]:
    return "ann" + HOSTILE + FORGED, True


def _recording(path: Path) -> None:
    """What was decided about hosts of any name, of which the mailbox knows nothing."""
    letter = Letter(
        segment=SEGMENT, signal=InventoryChange(record=SegmentRecord(segment_id=SEGMENT, name=RACK))
    )
    about = About(begin=BrokerTime(START), end=BrokerTime(START + 100_000))
    with path.open("wb") as file, RecordingWriter(file, about) as recording:
        for seen in SEEN:
            recording.add(Entry(VERDICTS, 0, seen.offset, seen.at, encode(seen.value)))
        recording.add(Entry(SIGNALS, 0, 0, START, encode(letter)))


def _ledger(folder: Path) -> None:
    """A ledger of a host of any name."""
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "seal.pub").write_bytes(public)
    body = document(UUID(int=1), HOST, [], "key" + HOSTILE)
    (folder / "ledger.json").write_text(sealed(body, key.sign(signed_bytes(body))))


def _masakari(file: Path) -> None:
    connection = sqlite3.connect(file)
    for statement in (*TABLES, *ROWS):
        connection.execute(statement)
    connection.execute("UPDATE failover_segments SET uuid = ? WHERE deleted = 0", (SEGMENT,))
    connection.commit()
    connection.close()


COMMANDS: Mapping[str, tuple[str, ...]] = {
    "explain": ("explain", HOST, "--all"),
    "incident list": ("incident", "list"),
    "status": ("status",),
    "incident show": ("incident", "show", HOST),
    "incident report": ("incident", "report", HOST, "--to", "-"),
    "incident watch": ("incident", "watch", HOST),
    "incident verify": ("incident", "verify", "{folder}/ledger.json", "--key", "{folder}/seal.pub"),
    "incident hold": ("incident", "hold", HOST, "--reason", FORGED + HOSTILE),
    "fault publish": ("fault", "publish", HOST, "--observer", "ann" + HOSTILE),
    "degraded begin": ("degraded", "begin", HOST),
    "degraded end": ("degraded", "end", HOST),
    "segment apply": ("segment", "apply", "{folder}/rack1.yaml"),
    "segment list": ("segment", "list"),
    "segment show": ("segment", "show", RACK),
    "segment arm": ("segment", "arm", RACK, "--reason", FORGED + HOSTILE),
    "stop begin": ("stop", "begin", RACK, "--reason", FORGED + HOSTILE, "--no-list"),
    "stop end": ("stop", "end", RACK, "--reason", FORGED + HOSTILE),
    "stop show": ("stop", "show", RACK),
    "whatif lose": ("whatif", "lose", HOST),
    "whatif rack": ("whatif", "rack", "az1" + HOSTILE),
    "whatif survive": ("whatif", "survive"),
    "whatif compare": ("whatif", "compare", "{folder}/forecast.json", HOST),
    "power check": ("power", "check"),
    "topics check": ("topics", "check"),
    "tap": ("tap", "t", "--count", "1"),
    "rebuild": ("rebuild",),
    "replay": ("replay", "{folder}/hostile.recording", "--diff"),
    "doctor": ("doctor",),
    "sim run": ("sim", "run", "./gone" + HOSTILE),
    "import masakari": ("import", "masakari", "--database", "sqlite:///{folder}/masakari.sqlite"),
    "worker": ("worker", "host", "--check"),
    "observe": ("observe", "check", "silences"),
    "bridge": ("bridge", "--check"),
    "announce": ("announce", "--check"),
}
WITHOUT_JSON = (
    *(
        "incident report",
        "incident watch",
        "segment apply",
        "sim run",
        "import masakari",
        "tap",
        "worker",
        "observe",
    ),
    *("bridge", "announce", "replay", "incident verify"),
)
NO_CONFIG = ("sim run", "incident verify")


def run(name: str, config: str, *more: str) -> int:
    words = [word.replace("{folder}", str(Path(config).parent)) for word in COMMANDS[name]]
    return main([*words, *more, *([] if name in NO_CONFIG else ["--config-file", config])])


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_writes_what_a_terminal_would_obey(
    name: str, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(name, config)
    told = capsys.readouterr()
    text = told.out + told.err
    assert betrayed(text) == set()
    assert "\\u001b" in text, "nothing from outside was told: the case proves nothing"
    assert not re.search(r"^(2026-11-30|.{0,4}close cmp1)", text, re.MULTILINE), "a line was forged"


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in WITHOUT_JSON])
def test_json_shows_the_same_escapes_and_holds_the_very_texts(
    name: str, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(name, config, "-o", "json")
    told = capsys.readouterr().out
    assert betrayed(told) == set()
    assert any("\x1b" in text and "\u202e" in text for text in _texts(json.loads(told)))


def _texts(value: Any) -> list[str]:
    match value:
        case str():
            return [value]
        case dict():
            return [text for each in value.items() for part in each for text in _texts(part)]
        case list():
            return [text for each in value for text in _texts(each)]
        case _:
            return []


def test_tap_writes_one_line_a_record(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("tap", config) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["key"] == HOSTILE


def test_an_error_is_one_line_whatever_it_says(
    config: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: argparse.Namespace) -> int:
        raise CloudRefused(403, FORGED + HOSTILE)

    monkeypatch.setattr("kasugai.cli.segment._list", fail)
    main(["segment", "list", "--config-file", config])
    told = capsys.readouterr().err
    assert betrayed(told) == set() and told.count("\n") == 1


def test_what_was_typed_wrongly_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["tap", "t", "--count", HOSTILE.replace("\x00", "")])
    assert betrayed(capsys.readouterr().err) == set()


def test_a_segment_file_that_is_refused_is_shown_as_it_is(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["segment", "apply", str(Path(config).parent / "bad.yaml"), "--config-file", config]) == 2
    told = capsys.readouterr().err
    assert betrayed(told) == set() and "printable characters" in told


def test_the_demos_screen_writes_lines_only(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen({})
    with screen:
        screen.say("from Nova: " + HOSTILE)
        screen.show(poisoned(view_of(*WHOLE), but=frozenset({SEGMENT})))
    told = capsys.readouterr().out
    assert betrayed(told) == set() and "\\u001b" in told


def test_every_command_is_run_here_or_says_why_not() -> None:
    assert set(commands(build_parser())) == set(COMMANDS) | set(OWN_WORDS)


def commands(parser: argparse.ArgumentParser, words: str = "") -> list[str]:
    found = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                found += commands(child, f"{words} {name}".strip()) or [f"{words} {name}".strip()]
    return found
