"""`kasugai doctor`: a line for each part, each check by itself, and an exit code that counts what says NO."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kasugai.adapters.inventory import Inventory
from kasugai.adapters.kafka.layout import Finding as TopicFinding
from kasugai.adapters.kafka.layout import Report, wanted
from kasugai.adapters.kafka.records import Incoming
from kasugai.adapters.nova import BadCloud, Right, Standing
from kasugai.adapters.proving.keeping import make
from kasugai.adapters.proving.masters import master_of
from kasugai.adapters.redis_keeping import Forgets
from kasugai.adapters.settings import Settings, load
from kasugai.adapters.web import Answer
from kasugai.api.microversions import HIGHEST, dotted
from kasugai.api.versions import version_list
from kasugai.cli import checks
from kasugai.cli.checking import api_door, clocks, policies
from kasugai.cli.checking.finding import Word
from kasugai.cli.checks import found
from kasugai.cli.clock import now
from kasugai.cli.exits import Exit
from kasugai.cli.main import main
from kasugai.core.recovering.doors import LogAway
from kasugai.core.words.heartbeats import Beat
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.timing import BrokerTime, Millis
from kasugai.schemas.codec import encode
from kasugai.schemas.topics import CORRELATE_APP
from tests.support.incidents import SEGMENT, START

CONF = """\
[kafka]
bootstrap_servers = k1:9093
security_protocol = SASL_SSL
sasl_username = kasugai-cli
sasl_password = hunter2hunter2
[redis]
url = rediss://redis1/0
username = kasugai
password = hunter2hunter2
[api]
listen = 127.0.0.1
[power]
devices_file =
"""
MASTER = master_of(b"m" * 32)
GRANTED = Right(rule="r", what="w", standing=Standing.GRANTED)


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A closed deployment in which all is well."""
    file = tmp_path / "kasugai.conf"
    make(str(tmp_path / "agents.keys"), MASTER)
    file.write_text(f"{CONF}[agents]\nmaster_keys_file = {tmp_path}/agents.keys\n")
    file.chmod(0o640)
    topics(monkeypatch, TopicFinding.OK)
    monkeypatch.setattr(checks, "hidden", lambda *_: frozenset())
    answer(monkeypatch, "_ask_redis", ("kasugai", False))
    answer(monkeypatch, "asked", (GRANTED,))
    monkeypatch.setattr(clocks, "newest", lambda *_: BrokerTime(now()))
    monkeypatch.setattr(clocks, "members", lambda *_: {CORRELATE_APP: 1})
    monkeypatch.setattr(clocks, "written_since", lambda *_: [beat("cmp1", 0)])
    monkeypatch.setattr(policies, "_inventory", described)
    monkeypatch.setattr(api_door, "_get", served)
    return str(file)


def beat(host: str, late: int) -> Incoming:
    """Return a heartbeat that the broker stamped so many milliseconds after its host's clock said that it was sent."""
    said = Beat(host=host, boot_id="b", uptime=Millis(1), every=Millis(1000), late=Millis(0), sent_at=START)
    return Incoming(
        topic="t", partition=0, offset=0, at=START + late, key=host.encode(), value=encode(said), headers=()
    )


async def described(_: object) -> Inventory:
    inventory = Inventory()
    inventory.put(SegmentRecord(segment_id=SEGMENT, name="rack1"))
    inventory.put(HostRecord(host_uuid="1", name="cmp1", segment_id=SEGMENT))
    return inventory


async def served(_: str) -> Answer:
    return Answer(status=200, headers={}, body=json.dumps(version_list("http://here")).encode())


def topics(monkeypatch: pytest.MonkeyPatch, finding: TopicFinding, **about: object) -> None:
    def check(_: object, those: list[object]) -> list[Report]:
        return [Report(topic=f"t{n}", finding=finding, **about) for n, _ in enumerate(those)]  # type: ignore[arg-type]

    monkeypatch.setattr("kasugai.adapters.kafka.topics.Topics.check", check)


def test_topics_that_our_login_is_not_shown_are_no_fault_of_the_topics(
    conf: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    topics(monkeypatch, TopicFinding.DIFFERS, is_missing=True, differences=("is missing",))
    count = len(wanted(load([conf])))
    monkeypatch.setattr(checks, "hidden", lambda _, names: frozenset(names))
    told = [line for line in lines(conf) if "  topics  " in line]
    assert told == [
        f"--  topics    {count} of {count} are not shown to kasugai-cli: an administrator or kasugai-cli sees all"
    ]


def answer(monkeypatch: pytest.MonkeyPatch, whom: str, value: object) -> None:
    async def said(_: Settings) -> object:
        if isinstance(value, Exception):
            raise value
        return value

    monkeypatch.setattr(checks, whom, said)


def lines(conf: str) -> list[str]:
    return [finding.line for finding in found(load([conf]))]


def test_all_is_well(conf: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--config-file", conf]) == Exit.OK
    told = capsys.readouterr()
    count = len(wanted(load([conf])))
    assert told.out.splitlines() == [
        f"ok  settings  read from {conf}",
        "ok  kafka     k1:9093 answers",
        f"ok  topics    all {count} are as their contracts say",
        "ok  clocks    this machine's agrees with the broker's (within 0.0 s)",
        "ok  clocks    those of 1 agents agree with the broker's",
        "ok  policies  those of 1 segment (1 host) go together",
        f"ok  agents    hosts prove their names by the master keys {MASTER.id}",
        "ok  redis     serves the ledger, forgets nothing, and takes us for its user kasugai",
        "--  nova      [nova] names no cloud: only workers and the API need one",
        "--  bridge    [bridge] transport_url is not set: what Nova notifies is not heard",
        "--  power     [power] devices_file describes no devices; workers need them: docs/operators/fencing.md",
        f"ok  api       http://127.0.0.1:15868/ shows its versions, up to {dotted(HIGHEST)}",
        "--  api       whether it is ready: set [telemetry] api_port",
    ]
    assert told.err == "Nothing is wrong.\n"


def test_what_is_open_works_and_is_said(conf: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(conf).chmod(0o660)
    assert main(["doctor", "--config-file", conf, "-o", "json"]) == Exit.OK
    told = capsys.readouterr()
    assert [each["part"] for each in json.loads(told.out) if each["finding"] == "!!"] == ["settings"]
    assert "It works. 1 marked !!" in told.err


def test_a_part_that_is_away_hides_no_other(conf: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> Iterator[object]:
        raise LogAway("Kafka does not answer: see docs/operators/connections.md")

    monkeypatch.setattr("kasugai.adapters.kafka.topics.Topics.check", away)
    answer(monkeypatch, "_ask_redis", Forgets("Redis forgets keys when it is full: type redis-cli ..."))
    told = lines(conf)
    assert [told[1], told[2], told[3], told[5]] == [
        "NO  kafka     Kafka does not answer: see docs/operators/connections.md",
        "--  clocks    Kafka does not answer",
        "--  policies  Kafka does not answer",
        "NO  redis     Redis forgets keys when it is full: type redis-cli ...",
    ]
    assert len(told) == 11
    assert main(["doctor", "--config-file", conf]) == Exit.NO


def test_a_check_that_fails_itself_is_told_without_what_it_held(
    conf: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, "_ask_redis", ZeroDivisionError("hunter2hunter2"))
    assert "NO  redis     cannot be checked (ZeroDivisionError): report this" in lines(conf)


@pytest.mark.parametrize(
    ("finding", "about", "line"),
    [
        (
            TopicFinding.DIFFERS,
            {"is_missing": True, "differences": ("is missing",)},
            "t0 differs: is missing; type: kasugai topics apply",
        ),
        (
            TopicFinding.DIFFERS,
            {"partitions": (3, 12)},
            "t0 differs; type: the topics were made with 3 partitions",
        ),
        (TopicFinding.CANNOT_SAY, {}, "the broker does not say; kasugai topics check"),
    ],
)
def test_topics(
    finding: TopicFinding, about: dict[str, object], line: str, conf: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    topics(monkeypatch, finding, **about)
    assert any(line in told for told in lines(conf))
    assert any(told.startswith("NO  topics") for told in lines(conf)) is (finding is TopicFinding.DIFFERS)


def test_nova_says_which_right_is_missing_and_whether_it_can_do_without(
    conf: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = Path(conf)
    file.write_text(f"{CONF}[nova]\ncloud = sim\n")
    needed = Right(rule="os-evacuate", what="move guests", standing=Standing.MISSING)
    other = Right(rule="os-aggregates", what="see marks", standing=Standing.MISSING, needed_by=frozenset())
    answer(monkeypatch, "asked", (GRANTED, needed, other))
    told = [line for line in lines(conf) if "  nova  " in line]
    assert [line[:2] for line in told] == [Word.NO, Word.OPEN]
    assert "os-evacuate: move guests; give the user of [nova] the admin role" in told[0]
    answer(monkeypatch, "asked", BadCloud("no cloud is called sim"))
    assert "NO  nova      no cloud is called sim" in lines(conf)


def test_redis_says_when_our_user_may_do_everything(conf: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, "_ask_redis", ("default", True))
    assert any(line.startswith("!!  redis     its user default may do everything") for line in lines(conf))


def test_power_yaml_that_others_read_is_a_no(conf: str, tmp_path: Path) -> None:
    devices = tmp_path / "power.yaml"
    devices.write_text("hosts: {}\n")
    devices.chmod(0o644)
    file = Path(conf)
    file.write_text(CONF.replace("devices_file =", f"devices_file = {devices}"))
    (line,) = [line for line in lines(conf) if "  power  " in line]
    assert line.startswith("NO") and f"chmod 0600 {devices}" in line


def agents(conf: str) -> list[str]:
    return [line for line in lines(conf) if "  agents  " in line]


def test_keys_that_are_not_here_are_no_fault_of_a_machine_without_route(conf: str) -> None:
    keys = Path(conf).with_name("agents.keys")
    keys.unlink()
    (line,) = agents(conf)
    assert line.startswith(f"--  agents    {keys}: cannot be read (No such file or directory)")
    assert "nothing that agents say is believed" in line and "docs/operators/proof.md" in line


def test_keys_that_are_wrong_are_to_be_mended_and_no_secret_is_told(conf: str) -> None:
    keys = Path(conf).with_name("agents.keys")
    keys.chmod(0o644)
    (line,) = agents(conf)
    assert line.startswith("NO  agents") and f"type: chmod u=rw,g=,o= {keys}" in line
    keys.chmod(0o600)
    keys.write_text(MASTER.secret.hex())
    (line,) = agents(conf)
    assert line.startswith("NO  agents") and MASTER.secret.hex()[:16] not in line


def test_names_that_nobody_proves_are_open_to_others(conf: str) -> None:
    with open(conf, "a") as file:
        file.write("proof = none\n")
    assert agents(conf) == ["--  agents    names are believed unproved ([agents] proof = none)"]
    assert any(line.startswith("!!  settings  no agent proves its name") for line in lines(conf))
