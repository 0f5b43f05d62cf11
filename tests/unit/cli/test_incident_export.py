"""Incidents out of recordings: a scenario that plays one again to the same end, and a ledger that proves itself."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from kasugai.cli.exits import Exit
from kasugai.cli.exporting.scenario import Exported, export
from kasugai.cli.main import main
from kasugai.core.words.inventory import SegmentRecord
from kasugai.core.words.signals import InventoryChange, Letter
from kasugai.schemas.codec import decode, encode
from kasugai.schemas.recordings import RecordingWriter, opened
from kasugai.sim.lab.grammar import read
from kasugai.sim.lab.runner import record

REPO = Path(__file__).resolve().parents[3]
SCENARIOS, RECORDINGS = REPO / "tests" / "scenarios", REPO / "tests" / "recordings"
STORM = RECORDINGS / "storm-below-the-threshold.recording"

STORIES = {
    "host-loses-power": "cmp1",
    "storm-below-the-threshold": "cmp1",
    "reported-as-fenced": "cmp1",
    "fencing-refused": "cmp1",
    "no-fence-device": "cmp1",
    "operator-holds-then-approves": "cmp1",
    "back-by-itself": "cmp1",
    "a-guest-crashes-twice": "web1",
    "nova-compute-stops-and-is-back": "process/cmp1/nova-compute",
}
"""By story: whose newest incident is exported."""


def exported(folder: Path, name: str, whom: str) -> Exported:
    path = folder / "story.recording"
    with path.open("wb") as file:
        record(read(SCENARIOS / f"{name}.scenario"), file)
    return export(path, whom)


@pytest.mark.parametrize("name", STORIES)
def test_a_story_ends_in_the_simulator_as_it_did(name: str, tmp_path: Path) -> None:
    found = exported(tmp_path, name, STORIES[name])
    assert found.plays is not None
    assert (found.differences, found.broken) == ([], ())


def test_a_scenario_that_was_exported_is_one_that_is_played(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its log is the one that it gives, its head says what it is."""
    path = tmp_path / "cmp1.scenario"
    assert main(["incident", "export", "cmp1", "--recording", str(STORM), "-o", str(path)]) == Exit.OK
    told = capsys.readouterr()
    assert told.out == f"{path}: it ends as it did (recovered)\n"
    assert told.err == f"To play it: kasugai sim run {path}\n"
    assert read(path).name.startswith("Incident ")
    assert main(["sim", "run", str(path)]) == Exit.OK
    assert "the log is the one on record" in capsys.readouterr().err


def test_what_the_file_does_not_say_is_told_at_its_head(tmp_path: Path) -> None:
    """A word of the policy that scenarios have not."""
    path = tmp_path / "story.recording"
    with (
        opened(STORM) as recording,
        path.open("wb") as file,
        RecordingWriter(file, recording.about) as writer,
    ):
        for entry in recording.entries:
            writer.add(entry._replace(frame=_with_own_reason(entry.frame)))
    text = export(path, "cmp1").text
    assert text.partition("\ncloud\n")[0].endswith(
        "\nNot told here:\n* the policy's disable-reason (ours) has no word in a scenario\n"
    )


def _with_own_reason(frame: bytes) -> bytes:
    match decode(frame):
        case Letter(signal=InventoryChange(record=SegmentRecord() as record)) as letter:
            record = replace(record, policy=replace(record.policy, disable_reason="ours"))
            return encode(replace(letter, signal=InventoryChange(record=record)))
        case _:
            return frame


def test_one_that_plays_otherwise_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A cloud of which the record knows too little."""
    monkeypatch.setattr("kasugai.cli.exporting.cloud._runs", lambda *_: [])
    monkeypatch.setattr("kasugai.cli.exporting.cloud.Cast._meet", lambda *_: None)
    words = ["incident", "export", "cmp1", "--recording", str(STORM), "-o", str(tmp_path / "x")]
    assert main(words) == Exit.NO
    assert "it does not end as it did: guests moved: 1, and here 0" in capsys.readouterr().out


def test_an_incident_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["incident", "export", "cmp9", "--recording", str(STORM), "-o", str(tmp_path / "x")]
    assert main(words) == Exit.NO
    assert "no incident and no host" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_neither_read_nor_written_as_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["incident", "export", "cmp1", "--recording", str(tmp_path)]) == Exit.USAGE
    assert capsys.readouterr().err == f"kasugai: {tmp_path}: cannot be read: Is a directory\n"
    words = ["incident", "export", "cmp1", "--recording", str(STORM), "-o", str(tmp_path)]
    assert main(words) == Exit.USAGE
    assert f"{tmp_path}: is a directory: name a file with -o FILE" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    """A private key and its public one."""
    return _written(tmp_path, "seal", Ed25519PrivateKey.generate())


def _written(folder: Path, name: str, key: Any) -> tuple[Path, Path]:
    private, public = folder / f"{name}.pem", folder / f"{name}.pub"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public


def sealed(folder: Path, keys: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> Path:
    path = folder / "ledger.json"
    words = ["incident", "export", "cmp1", "--recording", str(STORM), "--ledger", "--key", str(keys[0])]
    assert main([*words, "-o", str(path)]) == Exit.OK
    capsys.readouterr()
    return path


def verify(path: Path, key: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main(["incident", "verify", str(path), "--key", str(key)])
    told = capsys.readouterr()
    return code, told.out + told.err


def test_a_ledger_holds_all_of_its_incident_and_proves_itself(
    tmp_path: Path, keys: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = sealed(tmp_path, keys, capsys)
    body = json.loads(path.read_text())
    kinds = [link["value"]["type"] for link in body["records"]]
    assert {"Verdict", "Open", "Fact"} == set(kinds)
    assert [link["at"] for link in body["records"]] == sorted(link["at"] for link in body["records"])
    code, told = verify(path, keys[1], capsys)
    assert (code, f"whole: {len(kinds)} records about host/cmp1" in told) == (Exit.OK, True)


def test_it_is_the_same_file_whenever_it_is_written(
    tmp_path: Path, keys: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    first = sealed(tmp_path, keys, capsys).read_bytes()
    assert sealed(tmp_path, keys, capsys).read_bytes() == first


def test_it_is_verified_by_what_openssl_makes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The two commands that our own messages say."""
    from kasugai.adapters.sealing import NEW_KEY, PUBLIC_KEY

    for line in (NEW_KEY, PUBLIC_KEY):
        subprocess.run(line.split(), cwd=tmp_path, check=True, capture_output=True)
    path = sealed(tmp_path, (tmp_path / "seal.pem", tmp_path / "seal.pub"), capsys)
    assert verify(path, tmp_path / "seal.pub", capsys)[0] == Exit.OK


def _of_records(edit: Callable[[list[Any]], object]) -> Callable[[dict[str, Any]], object]:
    return lambda body: edit(body["records"])


EDITS: dict[str, Callable[[dict[str, Any]], object]] = {
    "a word for people": _of_records(lambda records: records[2]["value"].update(detail="all was well")),
    "the bytes": _of_records(lambda records: records[2].update(frame=records[3]["frame"])),
    "a time": _of_records(lambda records: records[2].update(at=records[2]["at"] + 1)),
    "a word more in a record": _of_records(lambda records: records[2].update(note="seen")),
    "a record less": _of_records(lambda records: records.pop(2)),
    "the last one less": _of_records(lambda records: records.pop()),
    "no records": _of_records(lambda records: records.clear()),
    "another order": _of_records(lambda records: records.insert(1, records.pop(2))),
    "another incident": lambda body: body.update(incident="00000000-0000-0000-0000-000000000000"),
    "another subject": lambda body: body.update(subject="host/cmp2"),
    "a word more": lambda body: body.update(approved_by="ann"),
    "another key": lambda body: body.update(key="0" * 32),
}


@pytest.mark.parametrize("what", EDITS)
def test_whatever_is_changed_is_found(
    what: str, tmp_path: Path, keys: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = sealed(tmp_path, keys, capsys)
    body = json.loads(path.read_text())
    EDITS[what](body)
    path.write_text(json.dumps(body))
    code, told = verify(path, keys[1], capsys)
    assert code == Exit.NO and told.endswith("do not rely on it\n")


def test_a_chain_that_is_made_anew_lacks_the_signature(
    tmp_path: Path, keys: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    from kasugai.cli.exporting import ledger

    path = sealed(tmp_path, keys, capsys)
    body = json.loads(path.read_text())
    del body["records"][2]
    before = ledger.START
    for link in body["records"]:
        before = link["hash"] = ledger._hash(before, link)
    body["head"] = before
    path.write_text(json.dumps(body))
    code, told = verify(path, keys[1], capsys)
    assert code == Exit.NO and "although it names that key: it was changed since" in told


def test_words_that_say_another_thing_than_the_bytes_are_found_even_if_they_were_signed(
    tmp_path: Path, keys: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    from kasugai.adapters.sealing import Seal
    from kasugai.cli.exporting import ledger

    path = sealed(tmp_path, keys, capsys)
    body = json.loads(path.read_text())
    body["records"][-1]["value"]["detail"] = "all was well"
    body["head"] = body["records"][-1]["hash"] = ledger._hash(
        body["records"][-2]["hash"], body["records"][-1]
    )
    path.write_text(ledger.sealed(body, Seal(keys[0]).sign(ledger.signed_bytes(body))))
    code, told = verify(path, keys[1], capsys)
    assert code == Exit.NO and "says in words another thing than in its bytes" in told


def test_another_key_has_not_signed_it(
    tmp_path: Path, keys: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = sealed(tmp_path, keys, capsys)
    _, other = _written(tmp_path, "other", Ed25519PrivateKey.generate())
    code, told = verify(path, other, capsys)
    assert code == Exit.NO and "has not signed this" in told


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"format": "kasugai-ledger 9"}', "{" * 100_000])
def test_what_is_no_ledger_is_told(
    text: str, tmp_path: Path, keys: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    code, told = verify(path, keys[1], capsys)
    assert code == Exit.NO and told.count("\n") == 1


@pytest.mark.parametrize("part", ["records", "head", "subject", "key"])
def test_a_ledger_that_lacks_a_part_is_told(
    part: str, tmp_path: Path, keys: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = sealed(tmp_path, keys, capsys)
    body = json.loads(path.read_text())
    del body[part]
    path.write_text(json.dumps(body))
    assert verify(path, keys[1], capsys)[0] == Exit.NO


def test_keys_that_will_not_do_are_told_with_how_one_is_made(
    tmp_path: Path, keys: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    private, public = _written(tmp_path, "rsa", generate_private_key(65537, 2048))
    words = ["incident", "export", "cmp1", "--recording", str(STORM), "--ledger", "--key"]
    for key in (private, keys[1], tmp_path / "nowhere.pem"):
        assert main([*words, str(key)]) == Exit.USAGE
        assert str(key) in capsys.readouterr().err
    ledger = sealed(tmp_path, keys, capsys)
    for key in (public, keys[0], tmp_path / "nowhere.pub"):
        assert main(["incident", "verify", str(ledger), "--key", str(key)]) == Exit.USAGE
        assert str(key) in capsys.readouterr().err


def test_a_ledger_wants_a_key_and_a_key_a_ledger(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["incident", "export", "cmp1", "--ledger"]) == Exit.USAGE
    assert main(["incident", "export", "cmp1", "--key", "seal.pem"]) == Exit.USAGE
    assert "--ledger and --key belong together" in capsys.readouterr().err
