"""What is told outside: which decisions, how urgent, under which key, with which orders below."""

from dataclasses import replace

import pytest

from kasugai.announcers.events import VALUES, Severity, What, event_of, values_of
from kasugai.core.words.signals import Instruction, Limit
from kasugai.core.words.subject import Kind, Subject
from kasugai.core.words.verdicts import Reason, Verb
from tests.support.announced import NAMES, verdict
from tests.support.incidents import INCIDENT


@pytest.mark.parametrize(
    ("verb", "reason", "what", "severity"),
    [
        (Verb.OPEN, Reason.CONFIRMED, What.OPENED, Severity.ERROR),
        (Verb.REOPEN, Reason.COMMAND, What.GOES_ON, Severity.ERROR),
        (Verb.RETRY, Reason.PARTIAL, What.GOES_ON, Severity.ERROR),
        (Verb.HOLD, Reason.NO_FENCE_DEVICE, What.HELD, Severity.CRITICAL),
        (Verb.HOLD, Reason.MAINTENANCE, What.HELD, Severity.WARNING),
        (Verb.HOLD, Reason.LOCAL_WAIT, What.HELD, Severity.WARNING),
        (Verb.ALERT, Reason.STALLED, What.LOOK, Severity.CRITICAL),
        (Verb.CLOSE, Reason.RECOVERED, What.RECOVERED, Severity.INFO),
        (Verb.CLOSE, Reason.SERVICE_ENABLED_BY_OTHERS, What.RECOVERED, Severity.INFO),
        (Verb.CLOSE, Reason.USERS_WISH, What.WITHDRAWN, Severity.INFO),
        (Verb.CLOSE, Reason.PARTIAL, What.FAILED, Severity.CRITICAL),
        (Verb.CLOSE, Reason.heard("a-newer-word"), What.FAILED, Severity.CRITICAL),
        (Verb.WITHDRAW, Reason.SIGN_OF_LIFE, What.WITHDRAWN, Severity.INFO),
    ],
)
def test_a_decision_is_told_as_what_it_means_to_who_is_called(
    verb: Verb, reason: Reason, what: What, severity: Severity
) -> None:
    event = event_of(verdict(verb, reason))
    assert event is not None and (event.what, event.severity) == (what, severity)


@pytest.mark.parametrize(
    "verb", [Verb.SUSPECT, Verb.EXPLAIN, Verb.IGNORE, Verb.VETO, Verb.STOP, Verb.ARM, Verb.WATCH]
)
def test_what_moves_nothing_for_others_is_not_told(verb: Verb) -> None:
    assert event_of(verdict(verb, Reason.OBSERVED)) is None


def test_a_publication_that_says_nothing_new_is_not_told() -> None:
    assert event_of(verdict(Verb.REOPEN, Reason.DESTINATIONS_CHANGED)) is None


def test_the_key_is_the_incidents_and_before_there_is_one_the_subjects() -> None:
    opened, held = (
        event_of(verdict(Verb.OPEN, Reason.CONFIRMED)),
        event_of(verdict(Verb.HOLD, Reason.STORM, incident=None)),
    )
    assert opened is not None and held is not None
    assert opened.key == str(INCIDENT) and opened.subject_key == held.key == held.subject_key


def test_only_what_is_recovered_or_withdrawn_is_over() -> None:
    assert [what for what in What if what.is_over] == [What.RECOVERED, What.WITHDRAWN]


@pytest.mark.parametrize(
    ("verb", "reason", "orders"),
    [
        (Verb.OPEN, Reason.CONFIRMED, {"hold": (Instruction.HOLD, None)}),
        (Verb.REOPEN, Reason.COMMAND, {"hold": (Instruction.HOLD, None)}),
        (Verb.HOLD, Reason.HELD_BY_COMMAND, {"approve": (Instruction.APPROVE, Limit.HOLD)}),
        (Verb.HOLD, Reason.STORM, {"approve": (Instruction.APPROVE, Limit.STORM)}),
        (Verb.HOLD, Reason.APPROVAL_NEEDED, {"approve": (Instruction.APPROVE, Limit.STORM)}),
        (Verb.HOLD, Reason.NO_FENCE_DEVICE, {}),
        (Verb.CLOSE, Reason.RECOVERED, {}),
    ],
)
def test_nobody_vouches_for_a_fence_by_a_link(verb: Verb, reason: Reason, orders: object) -> None:
    event = event_of(verdict(verb, reason))
    assert event is not None
    found = event.orders(9)
    assert {word: (order.order, order.limit) for word, order in found.items()} == orders
    for order in found.values():
        assert (order.subject, order.incident, order.until) == (event.verdict.subject, INCIDENT, 9)


def test_a_storm_is_passed_by_a_host_only() -> None:
    guest = Subject(kind=Kind.INSTANCE, host="cmp1", detail="11111111-0000-4000-8000-000000000001")
    event = event_of(replace(verdict(Verb.HOLD, Reason.STORM), subject=guest))
    assert event is not None and event.orders(9) == {}


def test_a_template_has_all_that_it_may_name() -> None:
    event = event_of(verdict(Verb.CLOSE, Reason.RECOVERED))
    assert event is not None
    values = values_of(event, NAMES)
    assert values.keys() | {"key", "thread", "hold", "approve", "ends_at"} == VALUES
    assert values["summary"] == "cmp1 in rack1: recovered (recovered)" and values["action"] == "resolve"
    assert (values["hostname"], values["segment"], values["at"]) == (
        "cmp1",
        "rack1",
        "2026-11-18T11:06:41.000Z",
    )
