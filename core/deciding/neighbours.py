"""What guests and processes have to do with their host's own row: who makes it be decided with them, and what it takes
from them.
"""

from dataclasses import replace

from kasugai.core.deciding import condemning, crowds
from kasugai.core.deciding.draft import Draft
from kasugai.core.deciding.kinds import KINDS
from kasugai.core.deciding.rows import SubjectRow
from kasugai.core.deciding.steady import Times
from kasugai.core.deciding.view import SegmentView
from kasugai.core.words.subject import host_subject
from kasugai.core.words.verdicts import Reason, Verb


def concerns_host(row: SubjectRow, view: SegmentView, times: Times) -> bool:
    """Whether a subject's host is to be decided behind it: it follows from the rows alone, so that a successor that
    finds the one written and the other not does the same."""
    kind, host = KINDS[row.kind], view.subjects.get(host_subject(row.host).name)
    if host is not None and host.undecidable:
        return False
    if kind.condemns:
        return condemning.concerns_host(row, host)
    is_held = kind.makes_crowds and row.incident is None and row.reason is Reason.GUESTS_FAIL_TOGETHER
    return is_held and crowds.is_to_be_told(host, times.moment.steady)


def follow(draft: Draft) -> bool:
    """Take over what a host's processes hold against it; whether that changes anything."""
    if not draft.kind.has_guests or not draft.follows:
        return False
    before, draft.row = draft.row, condemning.followed(draft.asked)
    return draft.row is not before


def warn(draft: Draft) -> None:
    """Tell once of a host whose guests fail together."""
    host, now = draft.row, draft.times.moment
    if not draft.kind.has_guests or not draft.follows or not crowds.is_to_be_told(host, now.steady):
        return
    if draft.asked.tally.fail_together(host.host, draft.times.deadline):
        draft.row = replace(host, warned=now)
        draft.tell(Verb.ALERT, Reason.GUESTS_FAIL_TOGETHER, aside=True)
