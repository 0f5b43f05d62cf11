"""The agent put together: its proof, its health, what it gives back, what it says to systemd, and `check`."""

import asyncio
import json
import logging
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kasugai.adapters.memory import give_back
from kasugai.adapters.outbox import Outbox
from kasugai.adapters.proving.header import PROOF
from kasugai.adapters.proving.masters import derive, new_master
from kasugai.adapters.systemd.notify import notify
from kasugai.agents.app import seal_of
from kasugai.agents.beating import Guests, Heart
from kasugai.agents.checking import Found, checked, verdicts
from kasugai.agents.health import Health, served
from kasugai.agents.hypervisor import guests_of
from kasugai.agents.instance.options import InstanceOptions
from kasugai.agents.instance.watch import InstanceWatch
from kasugai.agents.logs import Lines
from kasugai.agents.mailing import Mailer
from kasugai.agents.parts import parts_of
from kasugai.agents.sending import Sender
from kasugai.agents.settings.loading import BadSetting, load
from kasugai.agents.settings.values import AgentPart, AgentSettings
from kasugai.agents.store import Store
from kasugai.agents.tending import Tending
from kasugai.cli.entry import main
from kasugai.core.words.heartbeats import DiskCount
from kasugai.core.words.log import LogAway, LogRefused
from kasugai.core.words.timing import Millis
from kasugai.sim.child import free_port
from tests.support.agent_doubles import Clocks, DeadPost, QuietMail, Sights, Watching
from tests.support.agent_voices import Heard
from tests.support.bus import BusDaemon, ScriptedSystemd


def key_of(folder: Path, host: str) -> str:
    file = folder / "agent.key"
    file.write_text(derive(new_master(), host).line(host) + "\n")
    file.chmod(0o600)
    return str(file)


def test_each_record_is_sealed_by_the_hosts_own_key(tmp_path: Path) -> None:
    seal = seal_of(AgentSettings(agent=AgentPart(host="cmp1", key_file=key_of(tmp_path, "cmp1"))))
    assert seal is not None
    name, first = seal.header("t", "cmp1", b"v")
    assert name == PROOF and first != seal.header("t", "cmp1", b"v")[1], "each has a number of its own"


@pytest.mark.parametrize("host", ["cmp2", "none"])
def test_without_a_key_of_its_own_an_agent_does_not_start_unless_that_is_said(
    tmp_path: Path, host: str
) -> None:
    file = key_of(tmp_path, "cmp1") if host != "none" else "/no/such/key"
    with pytest.raises(BadSetting, match=r"^\[agent\] key_file: "):
        seal_of(AgentSettings(agent=AgentPart(host=host, key_file=file)))
    assert seal_of(AgentSettings(agent=AgentPart(host=host, key_file=file, proof="none"))) is None


def test_only_what_is_wanted_and_there_is_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kasugai.agents.outlook.STACKS", (str(tmp_path / "corosync.conf"),))
    (tmp_path / "conf").write_text(
        f"[kafka]\nbootstrap_servers = k:1\n[host]\npeers_file = {tmp_path}/peers\n"
        f"[process]\nprocess_list_path = {tmp_path}/list.yaml\n[instance]\nenabled = no\n"
    )

    def names(more: str = "") -> list[str]:
        (tmp_path / "more").write_text(more)
        settings = load([str(tmp_path / "conf"), str(tmp_path / "more")])
        return [watch.name for watch in parts_of(settings, Heard(), Clocks(), lambda: None).watches]

    assert names() == ["shutdown"]
    (tmp_path / "peers").write_text("")
    (tmp_path / "list.yaml").write_text("[]")
    assert names() == ["shutdown", "peers", "process"]
    assert names("[host]\nenabled = no\n") == ["shutdown", "process"]
    assert names("[instance]\nenabled = yes\n") == ["shutdown", "peers", "process", "instance"]
    assert names("[process]\nenabled = no\n") == ["shutdown", "peers"]
    (tmp_path / "corosync.conf").write_text("")
    assert names() == ["shutdown", "peers", "pacemaker", "process"]
    (tmp_path / "corosync.conf").unlink()
    assert names("[host]\nmonitoring_driver = default\n") == ["shutdown", "peers", "pacemaker", "process"]
    assert names("[host]\nmonitoring_driver = corosync\n")[2] == "corosync"
    assert names("[host]\nkdump_port = 7410\n") == ["shutdown", "peers", "kdump", "process"]
    (tmp_path / "peers").write_text("cmp2 m 10.0.0.300\n")
    with pytest.raises(BadSetting, match=r"^\[host\] .*10\.0\.0\.300"):
        names("[host]\nkdump_port = 7410\n")


@pytest.fixture
def health(tmp_path: Path) -> Iterator[tuple[Health, Heart, Watching]]:
    store = Store(lambda: Outbox(tmp_path / "outbox.sqlite", 100))
    mail, watch = QuietMail(), Watching()
    sender = Sender(store, mail, None)
    heart = Heart(
        host="cmp1",
        boot_id="b",
        version="1",
        every=Millis(1000),
        clocks=Clocks(),
        mail=mail,
        sender=sender,
        sights=Sights(),
    )
    yield Health(heart, store, sender, Tending([watch])), heart, watch
    store.close()


async def asked(port: int, line: str) -> tuple[str, Any]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{line}\r\nHost: x\r\n\r\n".encode())
    head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
    writer.close()
    return head.split("\r\n")[0].removeprefix("HTTP/1.1 "), json.loads(body) if body else None


def test_health_tells_all_and_ready_once_kafka_has_had_a_beat(health: tuple[Health, Heart, Watching]) -> None:
    told, heart, watch = health

    async def story() -> None:
        port = free_port()
        async with await served(told, port):
            assert (await asked(port, "GET /readyz HTTP/1.1"))[0] == "503 Service Unavailable"
            heart.delivered, watch.trouble = 1, "dark"
            line, body = await asked(port, "GET /readyz HTTP/1.1")
            assert line == "200 OK" and body["watches"] == {"eyes": "dark"} and body["beats"] == 1
            assert (await asked(port, "GET /healthz HTTP/1.1"))[1]["outbox"] == {
                "waiting": 0,
                "lost": 0,
                "trouble": "",
            }
            assert await asked(port, "HEAD /healthz HTTP/1.1") == ("200 OK", None)
            for wrong in ("GET / HTTP/1.1", "POST /healthz HTTP/1.1", "GET", ""):
                assert (await asked(port, wrong))[0] == "404 Not Found"

    asyncio.run(story())


def test_systemd_hears_each_second_that_the_loop_turns_and_what_has_changed(
    health: tuple[Health, Heart, Watching], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, _, watch = health
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        for trouble in ("", "", "dark"):
            watch.trouble = trouble
            told.tell()
        assert [door.recv(1_000).decode() for _ in range(3)] == [
            "WATCHDOG=1\nSTATUS=All is watched.\nREADY=1",
            "WATCHDOG=1",
            "WATCHDOG=1\nSTATUS=dark",
        ]
    notify("READY=1")  # nobody listens any more: nothing happens


def test_what_the_start_alone_has_touched_is_given_back_and_the_rest_still_works() -> None:
    program = (
        "import confluent_kafka, fastavro, sqlite3, yaml, asyncio\n"
        "from kasugai.adapters.memory import give_back\n"
        "def resident(): return int(open('/proc/self/statm').read().split()[1])\n"
        "before = resident(); give_back(); after = resident()\n"
        "assert sqlite3.connect(':memory:').execute('SELECT 1').fetchone() == (1,)\n"
        "assert yaml.safe_load('[1]') == [1]\n"
        "confluent_kafka.Producer({'bootstrap.servers': '127.0.0.1:1', 'log_level': 0}).poll(0)\n"
        "print(before, after)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    assert after < 0.8 * before
    give_back()


def test_a_client_that_has_failed_for_good_is_followed_by_another() -> None:
    made: list[DeadPost] = []

    def make() -> Any:
        made.append(DeadPost())
        return made[-1]

    mailer = Mailer(make)
    told: list[LogAway | LogRefused | None] = []
    mailer.send("t", "k", b"v", (), told.append)
    made[0].broken = "fenced"
    mailer.serve()
    assert len(made) == 2 and isinstance(told[0], LogAway) and mailer.under_way == 0


def test_a_line_of_the_log_forges_no_other_one() -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, "a name: %s", ("b\n2026 CRITICAL \x1b[2J",), None)
    assert "\n" not in Lines("%(message)s").format(record)
    assert Lines("%(message)s").format(record).endswith("b\\n2026 CRITICAL \\u001b[2J")


def conf(folder: Path, more: str = "") -> str:
    file = folder / "agent.conf"
    file.write_text(
        f"[agent]\nhost = cmp1\nstate_dir = {folder}\nkey_file = {folder}/agent.key\n"
        f"[kafka]\nbootstrap_servers = 127.0.0.1:{free_port()}\n[host]\npeers_file = {folder}/peers\n"
        f"[process]\nprocess_list_path = {folder}/list.yaml\n"
        f"[libvirt]\nconnection_uri = none:///\n{more}"
    )
    return str(file)


def test_check_says_what_is_watched_what_is_missing_and_what_to_type(tmp_path: Path) -> None:
    key_of(tmp_path, "cmp1")
    (tmp_path / "list.yaml").write_text(
        "- unit: nova-compute\n- unit: libvirt-bin\n- process_name: kasugai-none\n  start_command: x\n"
    )
    (tmp_path / "peers").write_text("cmp1 m 127.0.0.1\ncmp2 m 127.0.0.1\ncmp3 m no.such.host.invalid\n")

    async def story() -> list[Found]:
        daemon = BusDaemon(tmp_path).start()
        systemd = await ScriptedSystemd.on(daemon.address)
        systemd.units["nova-compute.service"] = {
            "LoadState": "loaded",
            "ActiveState": "active",
            "SubState": "running",
        }
        found = [each async for each in checked(load([conf(tmp_path, "[procss]\nx = 1\n")]), daemon.address)]
        await systemd.close()
        daemon.stop()
        return found

    found = asyncio.run(story())
    told = {(each.subject, each.is_wrong): each.text for each in found}
    texts = [f"{each.subject}: {each.text}" for each in found]
    assert "no such option" in told["settings", False]
    assert "proves its words by key" in told["proof", False]
    assert "Kafka does not answer" in told["kafka", True]
    assert told["outbox", False].endswith("0 words wait for Kafka")
    assert told["peers", False] == "cmp2 answers by m (127.0.0.1)"
    assert "let its firewall pass or refuse that port" in told["peers", True]
    assert (
        "process: nova-compute by unit nova-compute.service: alive, nova-compute.service is running" in texts
    )
    assert any(
        "systemd knows no unit libvirt-bin.service: correct its entry; type systemctl" in text
        for text in texts
    )
    assert any("nothing is installed as kasugai-none: correct its entry; type ps" in text for text in texts)
    assert any("start commands are not run" in text for text in texts)
    assert list(verdicts(found)) == [f"5 of {len(found)} need your hand"]
    assert list(verdicts(found[:2])) == ["all that is wanted is watched"]


@pytest.mark.parametrize(
    ("more", "wanted", "pings"),
    [
        ("", False, 3),
        ("[introspectiveinstancemonitor]\n", True, 3),
        ("[introspectiveinstancemonitor]\nguest_monitoring_failure_threshold = 7\n", True, 7),
    ],
)
def test_agents_inside_guests_are_asked_where_masakaris_section_for_it_stands(
    tmp_path: Path, more: str, wanted: bool, pings: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, InstanceOptions]] = []
    monkeypatch.setattr(
        "kasugai.agents.instance.watch.instance_watch",
        lambda _host, _voice, uri, options, _going: seen.append((uri, options)),
    )
    list(guests_of(load([conf(tmp_path, more)]), Heard(), lambda: False))
    ((uri, options),) = seen
    assert (uri, options.pings.wanted, options.patience.pings) == ("none:///", wanted, pings)


@pytest.mark.parametrize("number", ["0", "-1", "soon", "3601"])
def test_a_number_of_pings_that_is_none_is_refused(tmp_path: Path, number: str) -> None:
    section = f"[introspectiveinstancemonitor]\nguest_monitoring_interval = {number}\n"
    with pytest.raises(BadSetting, match="guest_monitoring_interval is"):
        list(guests_of(load([conf(tmp_path, section)]), Heard(), lambda: False))


def test_what_a_hypervisor_runs_is_in_the_heartbeat(tmp_path: Path) -> None:
    parts = parts_of(load([conf(tmp_path)]), Heard(), Clocks(), lambda: None)
    (watch,) = (each for each in parts.watches if isinstance(each, InstanceWatch))
    assert parts.guests() == Guests(-1, ())
    watch.guests, watch.disks = 2, (DiskCount(disk="rbd", guests=2),)
    assert parts.guests() == Guests(2, watch.disks)


class SeenGuests:
    """A watch that sees at once, or never."""

    guests = 12

    def __init__(self, trouble: str) -> None:
        self.trouble = trouble

    async def run(self) -> None:
        await asyncio.sleep(3_600)


@pytest.mark.parametrize("trouble", ["", "guests are not seen: libvirt does not answer"])
def test_check_says_whether_guests_are_seen(
    tmp_path: Path, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kasugai.agents.checking.PATIENCE", 0.1)
    monkeypatch.setattr("kasugai.agents.checking.guests_of", lambda *_: [SeenGuests(trouble)])

    async def story() -> list[Found]:
        return [each async for each in checked(load([conf(tmp_path)]))]

    found = asyncio.run(story())[-1]
    assert found == Found("instance", trouble or "12 guests are seen", is_wrong=bool(trouble))


def test_check_ends_with_one_where_something_is_missing_and_a_wrong_file_with_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kasugai.agents.checking.PATIENCE", 0.1)
    assert main(["agent", "check", "--config-file", conf(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert re.search(r"^wrong proof +.*agent\.key: cannot be read", out, re.MULTILINE)
    assert re.search(r"^wrong peers +.*peers cannot be read", out, re.MULTILINE)
    (tmp_path / "agent.conf").write_text("[kafka]\n")
    for words in (["check"], []):
        assert main(["agent", *words, "--config-file", str(tmp_path / "agent.conf")]) == 2
        assert "bootstrap_servers is not set" in capsys.readouterr().err
    assert main(["agent", "--config-file", conf(tmp_path)]) == 2
    assert "agent.key" in capsys.readouterr().err
