"""Which hosts are called degraded, as people are shown it: by verdicts, in whatever order they were read."""

from dataclasses import replace

import pytest

from kasugai.core.telling.degraded import Mark, marks
from kasugai.core.telling.incident_views import Seen
from kasugai.core.words.hardware import hardware_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from tests.support.incidents import INCIDENT, SEGMENT, START, decided

PLACE = (SEGMENT, "cmp1")
NOTE = (Verb.IGNORE, Reason.DEGRADED_NOTED)
WAITS = (Verb.HOLD, Reason.DRAIN_LIMIT)
OPEN, CLOSE = (Verb.OPEN, Reason.OBSERVED), (Verb.CLOSE, Reason.RECOVERED)
FAILS, AGAIN = (Verb.HOLD, Reason.MIGRATION_FAILED), (Verb.REOPEN, Reason.COMMAND)
CALLED_OFF = (Verb.CLOSE, Reason.STOPPED)
BACK, OVER = (Verb.OPEN, Reason.PROCESS_BACK), (Verb.IGNORE, Reason.CLEARED)
MENTIONED = (Verb.EXPLAIN, Reason.PART_OF_INCIDENT)
WITHIN = {Verb.CLOSE, Verb.REOPEN, Verb.OPEN}


def verdict(word: tuple[Verb, Reason]) -> Verdict:
    verb, reason = word
    incident = INCIDENT if verb in WITHIN or reason is Reason.MIGRATION_FAILED else None
    return replace(decided(verb, reason, incident=incident), subject=hardware_subject("cmp1"))


def after(*words: tuple[Verb, Reason]) -> Mark | None:
    seen = [Seen(BrokerTime(START + n), n, verdict(word)) for n, word in enumerate(words)]
    assert marks(seen) == marks(reversed(seen))
    return marks(seen).get(PLACE)


@pytest.mark.parametrize(
    ("words", "word", "why"),
    [
        ([NOTE], "noted", "degraded-noted"),
        ([WAITS], "waiting", "drain-limit"),
        ([WAITS, OPEN], "draining", "observed"),
        ([OPEN, FAILS], "held", "migration-failed"),
        ([OPEN, FAILS, AGAIN], "draining", "command"),
        ([OPEN, AGAIN], "draining", "observed"),
        ([OPEN, CALLED_OFF], "waiting", "stopped"),
        ([OPEN, CLOSE], "drained", "recovered"),
        ([OPEN, CLOSE, MENTIONED], "drained", "recovered"),
        ([OPEN, CLOSE, BACK], "ending", "process-back"),
    ],
)
def test_where_a_degraded_host_stands(words: list[tuple[Verb, Reason]], word: str, why: str) -> None:
    mark = after(*words)
    assert mark is not None and (mark.word, mark.why) == (word, why)


@pytest.mark.parametrize(
    "words", [[NOTE, OVER], [OPEN, CLOSE, BACK, CLOSE], [WAITS, (Verb.WITHDRAW, Reason.CLEARED)]]
)
def test_a_mark_that_is_over_is_shown_no_more(words: list[tuple[Verb, Reason]]) -> None:
    assert after(*words) is None


def test_since_when_it_stands_so() -> None:
    mark = after(WAITS, WAITS, WAITS)
    assert mark is not None and mark.since == START


def test_what_is_said_of_others_is_no_mark() -> None:
    assert marks([Seen(BrokerTime(START), 1, decided(Verb.OPEN, Reason.CONFIRMED))]) == {}
