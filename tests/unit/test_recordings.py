"""The format of recordings: what is written is read, equal entries give equal bytes, what is none is told in a line."""

import gzip
import io
from pathlib import Path

import pytest

from kasugai.core.words.signals import Letter, Tick
from kasugai.core.words.timing import PRODUCTION, TEST, BrokerTime, Millis
from kasugai.schemas.codec import encode
from kasugai.schemas.recordings import NUMBERS, ROWS, About, BadRecording, Entry, RecordingWriter, opened
from kasugai.schemas.topics import INCIDENTS, RECOVERY, SIGNALS, VERDICTS

ABOUT = About(begin=BrokerTime(5), end=BrokerTime(9), timing=TEST, made_by="1.0")
TICK = encode(Letter(segment="", signal=Tick(period=Millis(500))))
ENTRIES = [
    Entry(VERDICTS, 2, 7, 1_795_000_000_000, b"a verdict"),
    Entry(ROWS, 3, -1, 0, b"a row"),
    Entry(SIGNALS, 3, 8, 1_795_000_000_001, TICK),
]


def written(*entries: Entry, about: About = ABOUT) -> bytes:
    file = io.BytesIO()
    with RecordingWriter(file, about) as recording:
        for entry in entries:
            recording.add(entry)
    return file.getvalue()


def zipped(data: bytes) -> bytes:
    """The same bytes at any time: parameters have the same names in every process that collects them."""
    return gzip.compress(data, mtime=0)


def entries_of(folder: Path, data: bytes) -> list[Entry]:
    path = folder / "a.recording"
    path.write_bytes(data)
    with opened(path) as recording:
        return list(recording.entries)


def refusal(folder: Path, data: bytes) -> str:
    with pytest.raises(BadRecording) as caught:
        entries_of(folder, data)
    return str(caught.value)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    assert entries_of(tmp_path, written(*ENTRIES)) == ENTRIES
    with opened(tmp_path / "a.recording") as recording:
        assert recording.about == ABOUT


def test_equal_entries_give_equal_bytes() -> None:
    assert written(*ENTRIES) == written(*ENTRIES)


def test_every_topic_of_which_a_recording_is_made_has_a_number_of_its_own() -> None:
    assert set(NUMBERS) == {SIGNALS, VERDICTS, RECOVERY, *INCIDENTS.values()}
    assert len({*NUMBERS.values(), 0}) == len(NUMBERS) + 1


def test_the_numbers_of_topics_are_for_ever() -> None:
    assert NUMBERS == {
        "kasugai.signals": 1,
        "kasugai.verdicts": 2,
        "kasugai.recovery": 3,
        "kasugai.incidents.host": 4,
        "kasugai.incidents.process": 5,
        "kasugai.incidents.instance": 6,
    }


def test_a_file_that_ends_early_is_told(tmp_path: Path) -> None:
    told = refusal(tmp_path, written(*ENTRIES)[:-20])
    assert told == f"{tmp_path / 'a.recording'}: it ends early: whoever wrote it was interrupted"


def test_a_stream_that_ends_within_an_entry_is_told(tmp_path: Path) -> None:
    whole = gzip.decompress(written(*ENTRIES))
    assert "ends early" in refusal(tmp_path, zipped(whole[:-3]))
    assert "ends early" in refusal(tmp_path, zipped(whole[: -len(TICK) - 4]))


def test_a_flipped_bit_is_told(tmp_path: Path) -> None:
    data = bytearray(written(*ENTRIES, *ENTRIES * 50))
    data[len(data) // 2] ^= 16
    assert str(tmp_path) in refusal(tmp_path, bytes(data))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it does not begin as a recording of Kasugai does"),
        (b"PK\x03\x04 a zip", "it is no recording, or damaged"),
        (zipped(b"another file\n"), "it does not begin as a recording of Kasugai does"),
        (zipped(b"kasugai recording 2\n{}\n"), "its format is 2, this Kasugai reads 1"),
        (zipped(b"kasugai recording 1\n[]\n"), "its second line does not say what it is of"),
        (zipped(b"kasugai recording 1\n{}\n"), "its second line does not say what it is of"),
        (
            zipped(b"kasugai recording 1\n" + b"[" * 9_000),
            "its second line does not say what it is of",
        ),
    ],
    ids=["nothing", "zip", "another", "format", "list", "empty", "deep"],
)
def test_what_is_no_recording_is_told_in_a_line(tmp_path: Path, data: bytes, why: str) -> None:
    told = refusal(tmp_path, data)
    assert why in told and "\n" not in told


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (b'"schemas": {"1999": "0", ', "a newer Kasugai wrote it: schema 1999 is not known here"),
        (b'"schemas": {"1001": "0", ', "a Kasugai before the first release wrote it: schema 1001"),
    ],
)
def test_schemas_of_another_form_are_told(tmp_path: Path, told: bytes, why: str) -> None:
    """Or its frames would be read as something that nobody has said."""
    whole = gzip.decompress(written()).replace(b'"1001": ', b'"1002": ' if b"1001" in told else b'"1001": ')
    assert why in refusal(tmp_path, zipped(whole.replace(b'"schemas": {', told)))


@pytest.mark.parametrize(
    ("span", "why"),
    [
        (b'"begin": 9, "end": 5', "names no span of time"),
        (b'"begin": 5, "end": 5', "names no span of time"),
        (b'"begin": -1, "end": 5', "names no span of time"),
        (b'"begin": 0, "end": 99999999999999999999', "names no span of time"),
        (b'"begin": 1e999, "end": 5', "does not say what it is of"),
        (b'"begin": NaN, "end": 5', "does not say what it is of"),
    ],
)
def test_a_time_that_is_none_is_told(tmp_path: Path, span: bytes, why: str) -> None:
    """Or nothing would be compared, and nothing would differ."""
    whole = gzip.decompress(written())
    assert why in refusal(tmp_path, zipped(whole.replace(b'"begin": 5, "end": 9', span)))


def test_an_entry_of_no_topic_is_damage(tmp_path: Path) -> None:
    whole = gzip.decompress(written())
    assert "an entry is none" in refusal(tmp_path, zipped(whole + b"\xff" * 40))


def test_words_that_a_later_version_adds_are_passed_over(tmp_path: Path) -> None:
    head, line = gzip.decompress(written()).splitlines()
    more = line.replace(b'"lease"', b'"a_new_time": 5, "lease"').replace(
        b'"begin"', b'"a_new_word": [], "begin"'
    )
    path = tmp_path / "a.recording"
    path.write_bytes(zipped(head + b"\n" + more + b"\n"))
    with opened(path) as recording:
        assert recording.about == ABOUT


def test_a_time_that_an_earlier_version_did_not_know_is_the_one_of_production(tmp_path: Path) -> None:
    head, line = gzip.decompress(written()).splitlines()
    less = line.replace(b'"probation": 10000, ', b"")
    path = tmp_path / "a.recording"
    path.write_bytes(zipped(head + b"\n" + less + b"\n"))
    with opened(path) as recording:
        assert recording.about.timing.probation == PRODUCTION.probation
