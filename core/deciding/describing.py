"""Takes over descriptions of segments and hosts, and what silences them, and tells when one does not mean what it
seems to.

What weighs on whom because of a new description is decided by the gates.
"""

from dataclasses import replace
from typing import assert_never

from kasugai.core.deciding.rows import HostRow, SegmentRow
from kasugai.core.deciding.steady import Times
from kasugai.core.deciding.telling import plain_word
from kasugai.core.deciding.view import Change, Decision, SegmentView
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.silences import Silence
from kasugai.core.words.subject import segment_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict


def take_description(
    view: SegmentView, record: SegmentRecord | HostRecord, times: Times, offset: int
) -> tuple[SegmentView, Decision]:
    """Return the view with a description that is newer than the one at hand, and its row to be written."""
    match record:
        case SegmentRecord():
            return _segment(view, record, times, offset)
        case HostRecord():
            return _host(view, record, offset)
        case _:
            assert_never(record)


def _segment(
    view: SegmentView, record: SegmentRecord, times: Times, offset: int
) -> tuple[SegmentView, Decision]:
    old = view.segment
    if old is not None and (old.offset >= offset or record.version <= old.record.version):
        return view, ()
    row = (
        SegmentRow(record=record, offset=offset)
        if old is None
        else replace(old, record=record, offset=offset)
    )
    verdicts = (_still_disarmed(view, row, times, offset),) if _seems_armed(old, row) else ()
    return replace(view, segment=row), (Change(row=row, verdicts=verdicts),)


def _seems_armed(old: SegmentRow | None, row: SegmentRow) -> bool:
    """Whether the description now says armed, while a person's word or a bug still says that it is not."""
    turned = old is not None and not old.record.armed and row.record.armed
    return turned and (row.disarmed is not None or row.undecidable)


def _still_disarmed(view: SegmentView, row: SegmentRow, times: Times, offset: int) -> Verdict:
    subject = segment_subject(row.record.name)
    word = row.disarmed
    return plain_word(
        view.segment_id,
        subject,
        Verb.HOLD,
        Reason.UNDECIDABLE if word is None else Reason.DISARMED_BY_COMMAND,
        at=times.moment.at,
        offset=offset,
        detail="" if word is None else f"{word.author}: {word.reason}",
    )


def _host(view: SegmentView, record: HostRecord, offset: int) -> tuple[SegmentView, Decision]:
    known = view.hosts.get(record.name)
    if known is not None and (known.offset >= offset or not _is_newer(record, known.record)):
        return view, ()
    row = HostRow(record=record, offset=offset, silence=None if known is None else known.silence)
    tally = view.tally.copy()
    tally.describe(row)
    return replace(view, hosts={**view.hosts, record.name: row}, tally=tally), (Change(row=row),)


def take_silence(view: SegmentView, silence: Silence, offset: int) -> tuple[SegmentView, Decision]:
    """Return the view with a silence about a described host, and its row to be written; nothing changes where it says
    again what stands, or was said before that (whoever lost its place reads the past again)."""
    known = view.host(silence.host)
    if known is None or known.offset >= offset or is_repeated(known, silence):
        return view, ()
    row = replace(known, silence=silence, offset=offset)
    return replace(view, hosts={**view.hosts, silence.host: row}), (Change(row=row),)


def is_repeated(known: HostRow, silence: Silence) -> bool:
    """Whether a silence is no news about the host."""
    old = known.silence
    return old is not None and (silence.said_at < old.said_at or replace(silence, said_at=old.said_at) == old)


def _is_newer(record: HostRecord, known: HostRecord) -> bool:
    """Whether `record` replaces what is known under its name. Versions count per host: of two hosts that had the name
    one after another the living one has it, and the end of the former (told again daily) is no word about it."""
    if record.host_uuid == known.host_uuid:
        return record.version > known.version
    return not record.deleted and (known.deleted or _written(record) >= _written(known))


def _written(record: HostRecord) -> BrokerTime:
    return BrokerTime(max(record.created_at, record.updated_at))
