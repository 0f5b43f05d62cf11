"""The files of keys: what is read, what is refused, and that no error shows a secret."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.adapters.proving import checker as checking
from kasugai.adapters.proving.checker import Checker
from kasugai.adapters.proving.keys import BadKey, HostKey, read_host_key
from kasugai.adapters.proving.masters import (
    Masters,
    derive,
    master_of,
    new_master,
    parse_masters,
    read_masters,
)
from kasugai.adapters.proving.prover import Prover

OLD, NEW = master_of(b"o" * 32), master_of(b"n" * 32)
BOTH = Masters(current=NEW, keys={OLD.id: OLD, NEW.id: NEW}, revoked=frozenset({(OLD.id, "cmp 7")}))
KEY = derive(NEW, "cmp2")
SECRETS = [secret.hex() for secret in (OLD.secret, NEW.secret, KEY.secret)]


def kept(path: Path, text: str, mode: int = 0o600) -> str:
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def refusal(text: str, file: str = "keys") -> str:
    with pytest.raises(BadKey) as refused:
        parse_masters(file, text)
    said = str(refused.value)
    assert "\n" not in said and not any(secret[:16] in said for secret in SECRETS)
    return said


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    assert read_masters(kept(tmp_path / "keys", BOTH.text())) == BOTH


def test_a_drawn_key_is_like_no_other() -> None:
    keys = [new_master() for _ in range(50)]
    assert len({key.id for key in keys}) == 50 and all(len(key.secret) == 32 for key in keys)


WRONG = {
    "": "names no current key",
    f"current {OLD.id}": "names no current key that is there",
    f"key {OLD.id} {OLD.secret.hex()}": "names no current key",
    f"current {OLD.id}\nkey {OLD.id} {NEW.secret.hex()}": "keys:2: id and secret do not belong together",
    f"current {OLD.id}\nkey {OLD.id} {OLD.secret.hex()[:-1]}": "keys:2: no line of ours",
    f"current {OLD.id}\nkey {OLD.secret.hex()}": "keys:2: no line of ours",
    f"{OLD.secret.hex()}": "keys:1: no line of ours",
    f"current {OLD.id}\ncurrent {OLD.id}": "keys:2: no line of ours",
    f"key {OLD.id} {OLD.secret.hex()}\n" * 2: "keys:2: no line of ours",
    "revoked cmp7": "keys:1: no line of ours",
}


@pytest.mark.parametrize(("text", "why"), WRONG.items())
def test_a_file_that_is_not_right_is_refused_by_its_line(text: str, why: str) -> None:
    assert why in refusal(text)


@given(text=st.text(max_size=200))
def test_no_text_is_half_a_file_of_keys(text: str) -> None:
    """A text that is refused is refused by BadKey, in one line."""
    assert refusal(text)


@given(at=st.integers(0, 10_000), bit=st.integers(0, 6))
def test_no_slip_of_the_pen_in_a_secret_goes_unseen(at: int, bit: int) -> None:
    lines = BOTH.text().splitlines()
    number = next(n for n, line in enumerate(lines) if line.startswith("key"))
    secret = bytearray(lines[number].split()[2].encode())
    secret[at % len(secret)] ^= 1 << bit
    line = f"key {OLD.id} {secret.decode('latin-1')}"
    if line == lines[number]:
        return
    refusal("\n".join([*lines[:number], line, *lines[number + 1 :]]))


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o604, 0o620, 0o700, 0o602])
def test_a_file_that_others_can_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    file = kept(tmp_path / "keys", BOTH.text(), mode)
    with pytest.raises(BadKey, match=rf"its mode is {mode:04o}.*type: chmod"):
        read_masters(file)


def test_a_group_of_its_own_may_read_it(tmp_path: Path) -> None:
    assert read_masters(kept(tmp_path / "keys", BOTH.text(), 0o640)) == BOTH


def test_a_file_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = kept(tmp_path / "keys", BOTH.text())
    os.chown(file, 12345, -1) if os.geteuid() == 0 else monkeypatch.setattr(os, "geteuid", lambda: 99999)
    with pytest.raises(BadKey, match="who could speak as others; type: chown"):
        read_masters(file)


def test_a_file_that_is_not_there_or_no_text_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadKey, match="cannot be read"):
        read_masters(str(tmp_path / "none"))
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "binary").chmod(0o600)
    with pytest.raises(BadKey, match="no UTF-8"):
        read_masters(str(tmp_path / "binary"))


def test_a_hosts_key_reads_back_from_its_line(tmp_path: Path) -> None:
    for host in ("cmp2", "a host", "hôte"):
        key = derive(NEW, host)
        assert read_host_key(kept(tmp_path / "key", f"# mine\n{key.line(host)}\n"), host) == key


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not 0"),
        (f"{KEY.line('cmp2')}\n{KEY.line('cmp2')}", "not 2"),
        (KEY.line("cmp3"), "the key of 'cmp3', and this host is 'cmp2'"),
        (KEY.line("cmp2")[:60], "not the whole of it"),
        (KEY.secret.hex(), "no host's key"),
        (KEY.line("cmp2").replace(KEY.id, "x" * 8), "no host's key"),
    ],
)
def test_a_hosts_key_that_is_not_right_is_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(BadKey) as refused:
        read_host_key(kept(tmp_path / "key", text), "cmp2")
    said = str(refused.value)
    assert why in said and "kasugai agent enroll cmp2" in said
    assert not any(secret[:16] in said for secret in SECRETS)


class Clock:
    """The seconds that a checker reads."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def speaks(checker: Checker, key: HostKey, host: str = "cmp2") -> str:
    signed = Prover(host, key).header("t", "cmp1", b"down")
    return checker.trouble(host, "t", "cmp1", b"down", [signed])


def test_one_key_follows_another_without_a_gap_and_without_a_restart(tmp_path: Path) -> None:
    """The whole way: a second key, hosts enrolled anew one by one, the first one away."""
    clock = Clock()
    one = Masters(current=OLD, keys={OLD.id: OLD})
    file = kept(tmp_path / "keys", one.text())
    checker = Checker(file=file, clock=clock)
    old, new = derive(OLD, "cmp2"), derive(NEW, "cmp2")
    assert speaks(checker, old) == ""
    assert "is not believed" in speaks(checker, new)

    kept(tmp_path / "keys", Masters(current=NEW, keys={OLD.id: OLD, NEW.id: NEW}).text())
    clock.now += checking.LOOK_EVERY
    assert speaks(checker, old) == "" and speaks(checker, new) == ""

    kept(tmp_path / "keys", Masters(current=NEW, keys={NEW.id: NEW}).text())
    clock.now += checking.LOOK_EVERY
    assert "is not believed" in speaks(checker, old) and speaks(checker, new) == ""


def test_a_key_is_looked_for_once_a_second_and_no_oftener(tmp_path: Path) -> None:
    clock = Clock()
    checker = Checker(
        file=kept(tmp_path / "keys", Masters(current=OLD, keys={OLD.id: OLD}).text()), clock=clock
    )
    kept(tmp_path / "keys", BOTH.text())
    clock.now += checking.LOOK_EVERY / 2
    assert speaks(checker, KEY)
    clock.now += checking.LOOK_EVERY / 2
    assert speaks(checker, KEY) == ""


@pytest.mark.parametrize("spoil", ["rubbish", "gone", "open"])
def test_keys_that_cannot_be_read_again_leave_those_that_were_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, spoil: str
) -> None:
    clock = Clock()
    path = tmp_path / "keys"
    checker = Checker(file=kept(path, BOTH.text()), clock=clock)
    if spoil == "gone":
        path.unlink()
    else:
        kept(
            path, NEW.secret.hex() if spoil == "rubbish" else BOTH.text(), 0o644 if spoil == "open" else 0o600
        )
        os.utime(path, (1, 1))
    for _ in range(3):
        clock.now += checking.LOOK_EVERY
        assert speaks(checker, KEY) == ""
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(told) == 1 and "go on counting" in told[0], "once, not each second"
    assert not any(secret[:16] in caplog.text for secret in SECRETS)


def test_without_a_master_key_nothing_is_proved_until_there_is_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    path = tmp_path / "keys"
    checker = Checker(file=str(path), clock=clock)
    assert "no master key is there" in caplog.text
    assert f"no master key is there: {path}: cannot be read (No such file" in speaks(checker, KEY)
    clock.now += checking.LOOK_EVERY
    kept(path, NEW.secret.hex())
    assert f"{path}:1: no line of ours" in speaks(checker, KEY) and NEW.secret.hex()[:16] not in caplog.text
    clock.now += checking.LOOK_EVERY
    kept(path, BOTH.text())
    assert speaks(checker, KEY) == "" and checker.why_none == ""


def test_made_up_names_push_no_host_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "MOST_CODERS", 2)
    checker = Checker(BOTH)
    for n in range(10):
        assert speaks(checker, KEY, f"made-up-{n}")
    assert checker._coders == {}
    for host in ("cmp1", "cmp2", "cmp3", "cmp3"):
        assert speaks(checker, derive(NEW, host), host) == ""
    assert {host for _, host in checker._coders} == {b"cmp2", b"cmp3"}
