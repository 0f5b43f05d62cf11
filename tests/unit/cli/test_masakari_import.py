"""An import from Masakari keeps its uuids, may be repeated, and never tells a password."""

import io
import sqlite3
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from kasugai.adapters.inventory import Inventory
from kasugai.adapters.masakari_database import BadDatabase, DatabaseAway, MasakariInventory, read
from kasugai.cli.exits import Exit, Misused
from kasugai.cli.main import main
from kasugai.cli.masakari import connection_of, settings_for
from kasugai.cli.masakari_changes import Fencer, imports
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.policy import Fencing, Method, Policy
from kasugai.core.words.timing import Millis
from tests.support.masakari import ROWS, SEGMENT, TABLES

AWAY = "mysql://a:hunter2@127.0.0.1:1/m"


@pytest.fixture
def database(tmp_path: Path) -> str:
    """A Masakari's database with two segments, one of them deleted, and three hosts."""
    file = tmp_path / "masakari.sqlite"
    connection = sqlite3.connect(file)
    for statement in (*TABLES, *ROWS):
        connection.execute(statement)
    connection.commit()
    connection.close()
    return f"sqlite:///{file}"


def after(
    known: Inventory, found: MasakariInventory, fencer: Fencer | None = None, *, disarmed: bool = False
) -> Sequence[str]:
    """Carry out an import and return what was told."""
    changes = imports(known, found, Policy(attempts=5), fencer, disarmed=disarmed)
    for change in changes:
        if change.record is not None:
            assert known.put(change.record)
    return [change.line for change in changes]


@pytest.mark.parametrize(
    ("fencer", "trusts", "fence", "observers"),
    [
        (Fencer.SENDERS, True, Fencing.REQUIRED, 2),
        (Fencer.DEVICES, False, Fencing.REQUIRED, 1),
        (Fencer.NOBODY, False, Fencing.NONE, 1),
    ],
)
def test_who_fences_is_written_into_the_segments(
    database: str, fencer: Fencer, trusts: bool, fence: Fencing, observers: int
) -> None:
    known, found = Inventory(), read(database)
    after(known, found, fencer)
    segment = known.segment(SEGMENT)
    assert segment is not None
    policy = segment.policy
    assert (policy.trust_assertions, policy.fence, policy.confirm_observers) == (trusts, fence, observers)
    after(known, found)
    assert known.segment(SEGMENT) == segment, "not said again, it is left as it is"
    other = Fencer.DEVICES if fencer is not Fencer.DEVICES else Fencer.SENDERS
    (changed,) = (line for line in after(known, found, other) if line.startswith("change"))
    assert "trust-assertions" in changed or "fence" in changed, "and said anew, it is told"


def test_what_is_deleted_is_not_there(database: str) -> None:
    found = read(database)
    assert [segment.name for segment in found.segments] == ["rack1"]
    assert [(host.name, host.reserved, host.on_maintenance) for host in found.hosts] == [
        ("cmp1", False, True),
        ("cmp2", True, False),
    ]


def test_all_of_it_is_taken_over_under_the_same_ids(database: str) -> None:
    known = Inventory()
    assert after(known, read(database)) == ["create  segment rack1", "create  host cmp1", "create  host cmp2"]
    segment = known.segment(SEGMENT)
    assert segment is not None
    assert (segment.armed, segment.service_type, segment.description) == (False, "COMPUTE", "by the window")
    assert segment.policy == Policy(attempts=5, method=Method.RH_PRIORITY)
    host = known.host_named("cmp1")
    assert host is not None
    assert (host.segment_id, host.on_maintenance, host.control_attributes) == (SEGMENT, True, "SSH")


def test_a_second_import_changes_nothing(database: str) -> None:
    known = Inventory()
    after(known, read(database))
    assert after(known, read(database)) == ["leave   segment rack1", "leave   host cmp1", "leave   host cmp2"]


def test_what_masakari_changed_is_changed_and_what_only_kasugai_knows_stays(database: str) -> None:
    known, found = Inventory(), read(database)
    after(known, found)
    old = known.segment(SEGMENT)
    assert old is not None
    known.put(
        replace(old, version=2, policy=replace(old.policy, confirm_after=Millis(9_000), method=Method.AUTO))
    )
    known.put(HostRecord(host_uuid="own", name="cmp9", segment_id=SEGMENT))
    found = replace(found, hosts=tuple(replace(host, on_maintenance=False) for host in found.hosts))
    assert after(known, found) == [
        "change  segment rack1: method auto -> rh_priority",
        "change  host cmp1: on-maintenance yes -> no",
        "leave   host cmp2",
        "keep    host cmp9: it is in rack1 here and not in Masakari",
    ]
    new = known.segment(SEGMENT)
    assert new is not None and new.policy.confirm_after == 9_000


def test_a_renamed_and_moved_host_is_told(database: str) -> None:
    known, found = Inventory(), read(database)
    after(known, found)
    known.put(SegmentRecord(segment_id="s2", name="rack2"))
    changed = tuple(
        replace(host, name="cmp7", segment="s2") if host.name == "cmp1" else host for host in found.hosts
    )
    (line,) = [line for line in after(known, replace(found, hosts=changed)) if "cmp7" in line]
    assert line == "change  host cmp7: was cmp1, moves to another segment"


def test_what_was_deleted_here_stays_deleted(database: str) -> None:
    known, found = Inventory(), read(database)
    after(known, found)
    host = known.host_named("cmp2")
    assert host is not None
    known.put(replace(host, version=2, deleted=True))
    assert "keep    host cmp2: it was deleted here since the last import" in after(known, found)


def test_disarmed_segments_wait_until_they_are_armed(database: str) -> None:
    known, found = Inventory(), read(database)
    found = replace(found, segments=tuple(replace(segment, enabled=True) for segment in found.segments))
    after(known, found, disarmed=True)
    segment = known.segment(SEGMENT)
    assert segment is not None and not segment.armed
    assert after(known, found, disarmed=True)[0] == "leave   segment rack1"
    assert after(known, found)[0] == "change  segment rack1: armed no -> yes"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "cannot be understood; for example: mysql"),
        ("oracle9://a:hunter2@db/x", "cannot be understood"),
        ("sqlite://", "has no table failover_segments"),
    ],
)
def test_a_wrong_url_is_told_without_its_password(url: str, says: str) -> None:
    with pytest.raises(BadDatabase, match=says) as told:
        read(url)
    assert "hunter2" not in str(told.value)


@pytest.mark.parametrize("scheme", ["mysql", "mysql+mysqldb", "postgresql", "postgresql+psycopg2"])
def test_a_database_that_is_away_is_told_without_its_password(scheme: str) -> None:
    with pytest.raises(DatabaseAway, match=r"127\.0\.0\.1") as told:
        read(f"{scheme}://masakari:hunter2@127.0.0.1:1/masakari")
    assert "hunter2" not in str(told.value)


def test_an_unknown_method_is_told(database: str) -> None:
    connection = sqlite3.connect(database.removeprefix("sqlite:///"))
    connection.execute("UPDATE failover_segments SET recovery_method = 'magic'")
    connection.commit()
    connection.close()
    with pytest.raises(BadDatabase, match="segment rack1: Masakari has no recovery method magic"):
        read(database)


def test_the_url_may_stand_in_masakaris_own_file(tmp_path: Path) -> None:
    file = tmp_path / "masakari.conf"
    file.write_text(
        "[DEFAULT]\nx = %(y)s\n[database]\nconnection = mysql://a:p%40ss@db/m\nconnection = sqlite://\n"
    )
    assert connection_of(str(file)) == "sqlite://"
    file.write_text("[DEFAULT]\n")
    with pytest.raises(Misused, match=r"has no \[database\] connection"):
        connection_of(str(file))
    with pytest.raises(Misused, match="cannot be read"):
        connection_of(str(tmp_path / "nowhere.conf"))


def test_what_masakaris_own_file_says_of_recoveries_is_the_policy_of_new_segments(tmp_path: Path) -> None:
    masakari, ours = tmp_path / "masakari.conf", tmp_path / "kasugai.conf"
    masakari.write_text(
        "[DEFAULT]\nhost_failure_recovery_threads = 7\n[database]\nconnection = sqlite://\n"
        "[host_failure]\nevacuate_all_instances = False\nignore_instances_in_error_state = True\n"
    )
    ours.write_text("[kafka]\nbootstrap_servers = k:1\n[policy]\nwindow = 9\n")
    policy = settings_for(Namespace(masakari_config=str(masakari), config_file=[str(ours)])).policy
    assert (policy.evacuate_all, policy.ignore_error_guests, policy.window) == (False, True, 9)
    assert settings_for(Namespace(masakari_config=None, config_file=[str(ours)])).policy.evacuate_all


def test_custom_tasks_in_a_file_of_their_own_are_named_when_that_is_named(tmp_path: Path) -> None:
    """Masakari's engine is started with masakari-custom-recovery-methods.conf as a second file."""
    files = [tmp_path / name for name in ("masakari.conf", "methods.conf", "kasugai.conf")]
    masakari, methods, ours = files
    masakari.write_text("[database]\nconnection = sqlite://\n")
    methods.write_text(
        "[taskflow_driver_recovery_flows]\nhost_rh_failure_recovery_tasks = pre:['acme_lock'],main:[],post:[]\n"
    )
    ours.write_text("[kafka]\nbootstrap_servers = k:1\n")
    settings = settings_for(Namespace(masakari_config=str(masakari), config_file=[str(methods), str(ours)]))
    assert [said for said in settings.unread if said.startswith("the task acme_lock of ")]


class Keyboard(io.StringIO):
    """A terminal at which somebody types."""

    def isatty(self) -> bool:
        return True


def test_a_person_at_a_terminal_is_asked_who_fences(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config, screen = tmp_path / "kasugai.conf", Keyboard()
    config.write_text("[kafka]\nbootstrap_servers = 127.0.0.1:1\n")
    monkeypatch.setattr(sys, "stdin", Keyboard("perhaps\ndevices\n"))
    monkeypatch.setattr(sys, "stderr", screen)
    assert main(["import", "masakari", "--config-file", str(config), "--database", AWAY]) == Exit.AWAY
    assert "Who fences a host" in screen.getvalue()
    assert screen.getvalue().count("senders | devices | nobody > ") == 2, "asked until an answer fits"


def test_a_database_that_is_away_is_exit_3(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    config = tmp_path / "kasugai.conf"
    config.write_text("[kafka]\nbootstrap_servers = 127.0.0.1:1\n")
    words = [
        "import",
        "masakari",
        "--config-file",
        str(config),
        "--database",
        AWAY,
    ]
    assert main(words) == Exit.AWAY
    told = capsys.readouterr().err
    assert "127.0.0.1" in told and "hunter2" not in told


@pytest.mark.parametrize("signs", ["\n", "\x1b[2K", "\u202e", " ", "x" * 256])
def test_a_name_that_the_rest_api_would_not_take_is_not_imported(database: str, signs: str) -> None:
    found = read(database)
    (segment, *others), (host, *more) = found.segments, found.hosts
    for worse in (
        replace(found, segments=(replace(segment, name=segment.name + signs), *others)),
        replace(found, hosts=(replace(host, name=host.name + signs), *more)),
    ):
        with pytest.raises(Misused, match="change it there first; nothing was written"):
            imports(Inventory(), worse, Policy(), None, disarmed=False)
