"""`kasugai agent enroll|keys`: the whole life of keys at the command line, and where secrets are shown."""

import json
import os
import re
import stat
from pathlib import Path

import pytest

from kasugai.adapters.proving.checker import Checker
from kasugai.adapters.proving.keys import read_host_key
from kasugai.adapters.proving.masters import read_masters
from kasugai.adapters.proving.prover import Prover
from kasugai.cli import terminal
from kasugai.cli.exits import Exit
from kasugai.cli.main import main

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def file(tmp_path: Path, capsys: Capture) -> str:
    """A file with one master key."""
    name = str(tmp_path / "agents.keys")
    assert main(["agent", "keys", "new", "--keys", name]) == Exit.OK
    assert not secrets_in(name, *capsys.readouterr())
    return name


def secrets_in(file: str, *texts: str) -> list[str]:
    """Return the secrets of the file that a text shows."""
    return [
        key.secret.hex() for key in read_masters(file).keys.values() for t in texts if key.secret.hex() in t
    ]


def keys(file: str, *words: str) -> int:
    return main(["agent", "keys", *words, "--keys", file])


def enrolled(file: str, host: str, tmp_path: Path, capsys: Capture) -> Prover:
    """Enroll a host, put the line into its file, and speak with it."""
    capsys.readouterr()
    assert main(["agent", "enroll", host, "--keys", file]) == Exit.OK
    path = tmp_path / f"{host}.key"
    path.write_text(capsys.readouterr().out)
    path.chmod(0o600)
    return Prover(host, read_host_key(str(path), host))


def is_believed(file: str, host: str, prover: Prover) -> bool:
    header = prover.header("t", "k", b"v")
    return Checker.of(file).trouble(host, "t", "k", b"v", [header]) == ""


def test_the_file_is_made_private_and_never_made_over(file: str, capsys: Capture) -> None:
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    before = Path(file).read_text()
    assert keys(file, "new") == Exit.USAGE
    assert "it is there already; another key: kasugai agent keys rotate" in capsys.readouterr().err
    assert Path(file).read_text() == before


def test_an_enrolled_host_is_believed_and_its_key_is_shown_on_stdout_alone(
    file: str, tmp_path: Path, capsys: Capture
) -> None:
    assert main(["agent", "enroll", "cmp1", "--keys", file]) == Exit.OK
    told = capsys.readouterr()
    (line,) = told.out.splitlines()
    assert line.endswith(" cmp1") and line.split()[2] not in told.err
    assert "/etc/kasugai/agent.key" in told.err and "0600" in told.err
    assert not secrets_in(file, told.out, told.err)
    assert is_believed(file, "cmp1", enrolled(file, "cmp1", tmp_path, capsys))


def test_the_line_is_whole_on_a_narrow_terminal(
    file: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(terminal, "is_live", lambda stream=None: True)
    monkeypatch.setenv("COLUMNS", "40")
    assert main(["agent", "enroll", "cmp1", "--keys", file]) == Exit.OK
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_keys_follow_one_another(file: str, tmp_path: Path, capsys: Capture) -> None:
    """Rotate, enroll anew, retire: between any two steps every host is believed."""
    (old,) = read_masters(file).keys
    first = enrolled(file, "cmp1", tmp_path, capsys)
    assert keys(file, "rotate") == Exit.OK
    assert f"kasugai agent keys retire {old}" in capsys.readouterr().err
    assert is_believed(file, "cmp1", first)
    second = enrolled(file, "cmp1", tmp_path, capsys)
    assert is_believed(file, "cmp1", first) and is_believed(file, "cmp1", second)
    assert keys(file, "retire", old) == Exit.OK
    assert not is_believed(file, "cmp1", first) and is_believed(file, "cmp1", second)
    assert keys(file, "retire", read_masters(file).current.id) == Exit.NO
    assert "rotate first" in capsys.readouterr().err
    assert keys(file, "retire", old) == Exit.NO
    assert f"has no key {old}" in capsys.readouterr().err


def test_a_host_that_was_broken_into_loses_every_key_it_had_and_no_other_does(
    file: str, tmp_path: Path, capsys: Capture
) -> None:
    stolen, other = (enrolled(file, host, tmp_path, capsys) for host in ("cmp7", "cmp1"))
    assert keys(file, "revoke", "cmp7") == Exit.OK
    assert not is_believed(file, "cmp7", stolen) and is_believed(file, "cmp1", other)
    assert main(["agent", "enroll", "cmp7", "--keys", file]) == Exit.NO
    assert "is revoked; type: kasugai agent keys rotate" in capsys.readouterr().err
    assert keys(file, "rotate") == Exit.OK
    fresh = enrolled(file, "cmp7", tmp_path, capsys)
    assert is_believed(file, "cmp7", fresh) and not is_believed(file, "cmp7", stolen)
    assert is_believed(file, "cmp1", other)


def test_the_list_shows_ids_and_no_secret(file: str, capsys: Capture) -> None:
    keys(file, "rotate")
    keys(file, "revoke", "cmp7")
    capsys.readouterr()
    old, new = read_masters(file).keys
    assert keys(file, "list", "-o", "json") == Exit.OK
    told = capsys.readouterr().out
    assert json.loads(told) == [
        {"id": old, "current": False, "revoked": ["cmp7"]},
        {"id": new, "current": True, "revoked": ["cmp7"]},
    ]
    assert keys(file, "list") == Exit.OK
    rows = capsys.readouterr().out
    assert re.search(rf"{new}\s+hosts are enrolled with it\s+cmp7", rows)
    assert not secrets_in(file, told, rows)


@pytest.mark.parametrize("host", ["", " cmp1", "cmp1\n", "cmp\x1b[2J1", "x" * 256])
def test_what_is_no_hosts_name_is_refused(file: str, host: str, capsys: Capture) -> None:
    for words in (["enroll", host], ["keys", "revoke", host]):
        assert main(["agent", *words, "--keys", file]) == Exit.USAGE
        assert "is no host's name" in capsys.readouterr().err
    assert read_masters(file).revoked == frozenset()


def test_a_change_keeps_mode_and_owner_and_leaves_nothing_beside_it(file: str) -> None:
    os.chmod(file, 0o640)
    before = os.stat(file)
    assert keys(file, "rotate") == Exit.OK
    after = os.stat(file)
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert after.st_ino != before.st_ino, "written beside it, and put in its place as a whole"
    assert os.listdir(os.path.dirname(file)) == [os.path.basename(file)]


def test_two_changes_at_once_lose_no_key(file: str, capsys: Capture) -> None:
    Path(f"{file}.new").touch()
    before = Path(file).read_text()
    assert keys(file, "rotate") == Exit.USAGE
    assert f"type: rm {file}.new" in capsys.readouterr().err
    assert Path(file).read_text() == before


def test_a_file_that_cannot_be_used_is_one_line_without_its_secrets(file: str, capsys: Capture) -> None:
    secret = read_masters(file).current.secret.hex()
    Path(file).write_text(Path(file).read_text().replace("key ", "kee ", 1))
    for words in (["keys", "list"], ["keys", "rotate"], ["enroll", "cmp1"], ["keys", "retire", "00000000"]):
        assert main(["agent", *words, "--keys", file]) == Exit.USAGE
        told = capsys.readouterr()
        assert told.out == "" and "no line of ours" in told.err and secret[:16] not in told.err
    assert main(["agent", "keys", "new", "--keys", "/nowhere/at/all"]) == Exit.USAGE
    assert "cannot be written (No such file or directory)" in capsys.readouterr().err


def test_the_settings_name_the_file(file: str, tmp_path: Path, capsys: Capture) -> None:
    conf = tmp_path / "kasugai.conf"
    conf.write_text(f"[kafka]\nbootstrap_servers = k:1\n[agents]\nmaster_keys_file = {file}\n")
    assert main(["agent", "enroll", "cmp1", "--config-file", str(conf)]) == Exit.OK
    assert capsys.readouterr().out.startswith("kasugai-host-key-1 ")
