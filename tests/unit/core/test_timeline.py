"""An incident as a story: each record is told once, and bookkeeping not at all."""

from kasugai.core.telling.incident_views import Record, Seen
from kasugai.core.telling.timeline import timeline
from kasugai.core.words.facts import FactKind, StepState
from kasugai.core.words.timing import BrokerTime
from tests.support.incidents import OPENED, START, WEB, of_step, opened, said


def test_records_become_lines_once_and_bookkeeping_none() -> None:
    values: tuple[Record, ...] = (
        OPENED,
        opened(),
        said(FactKind.WORKING),
        of_step(WEB, StepState.STARTED),
        OPENED,
    )
    lines = timeline(Seen(BrokerTime(START + 500 * n), n, value) for n, value in enumerate(values))
    assert [line.text(BrokerTime(START)) for line in lines] == [
        "    +0.0s  correlate  open cmp1 (confirmed)",
        "    +1.5s  worker     evacuate web1",
    ]
