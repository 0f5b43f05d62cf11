"""Sets the scene for questions about one guest, and about a process of its host: web runs on cmp1 by Nova's word, its
host is up, its user created it long ago, and it was seen to fail five seconds ago.

Nova's clock and the broker's agree here unless a test says otherwise.
"""

from dataclasses import replace
from typing import Any
from uuid import UUID

from kasugai.core.recovering.advance import procedure_of
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Act, Finish, Next
from kasugai.core.recovering.nova_views import ActionView, By, GuestView
from kasugai.core.recovering.situation import Memory, Situation
from kasugai.core.words.facts import StepRecord, StepState
from kasugai.core.words.incident import Open
from kasugai.core.words.policy import Policy
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import PRODUCTION, BrokerTime, MonoTime, NovaTime
from tests.unit.core.makers import S, guest, order, record, service
from tests.unit.core.scene import entry

NOW = 1_800_000_000 * S
"""Nova's guests of `makers` were built long before."""
SEEN_AT = NOW - 5 * S
POLICY = Policy(restart_all=True)
STOP, MIGRATE, CONFIRM, START = "stop:g1", "migrate:g1", "confirm-migration:g1", "start:g1"
DISABLE, ENABLE = "disable-compute:cmp1", "enable-again:cmp1"
UNDONE = UUID(int=0xA1)


def asked(action: str, by: By = By.OTHERS, ago: float = 3600.0, **given: Any) -> ActionView:
    """Return what somebody asked of the guest so many seconds ago, and Nova did in a second."""
    began = NOW - int(ago * S)
    made = ActionView(
        action=action,
        by=by,
        request=f"req-{action}-{by}-{began}",
        began_at=NovaTime(began),
        ended_at=NovaTime(began + S),
    )
    return replace(made, **given)


CREATED = asked("create", ago=86_400.0)


def web(**given: Any) -> GuestView:
    """Return the guest, which has no task."""
    return guest(**{"name": "web", **given})


def seen(view: GuestView | None = None, *actions: ActionView, **given: Any) -> Look:
    """Return a look at NOW: newest action first, the guest's creation last."""
    made = Look(
        at=MonoTime(NOW),
        nova_at=MonoTime(NOW),
        service=service(is_up=True, age=1.0),
        read={"g1": view or web()},
        actions=(*actions, CREATED),
    )
    return replace(made, **given)


def guest_order(**given: Any) -> Open:
    """Return an Open about the guest."""
    usual: dict[str, Any] = {
        "kind": Kind.INSTANCE,
        "named": "g1",
        "decided_at": BrokerTime(NOW - S),
        "opened_at": BrokerTime(NOW - S),
        "seen_at": BrokerTime(SEEN_AT),
        "policy": POLICY,
    }
    return order(**{**usual, **given})


def process_order(**given: Any) -> Open:
    """Return an Open about nova-compute on cmp1."""
    return guest_order(**{"kind": Kind.PROCESS, "named": "nova-compute", **given})


def situation(look: Look | None = None, *records: StepRecord, **given: Any) -> Situation:
    """Return the situation in which a look was taken, under an owner since long ago. `order` and `memory` may be
    given; the plan is the procedure's."""
    about: Open = given.pop("order", guest_order())
    shown = look or seen()
    known = given.pop("entry", entry(*records, subject=about.subject))
    made = Situation(
        order=about,
        entry=known,
        plan=procedure_of(about).plan(about, shown, known, 1),
        look=shown,
        memory=Memory(owner_since=MonoTime(NOW - 300 * S), epoch=1),
        flag=None,
        has_device=False,
        timing=PRODUCTION,
        now=MonoTime(NOW),
        broker_now=BrokerTime(NOW),
    )
    return replace(made, **given)


def called(key: str, ago: float, *, accepted: bool = False, in_flight: bool = False) -> Memory:
    """Return the memory of an owner that sent a call so many seconds ago."""
    return Memory(
        owner_since=MonoTime(NOW - 3600 * S),
        epoch=1,
        begun={key: MonoTime(NOW - int(ago * S))},
        accepted=frozenset({key} if accepted else ()),
        in_flight=frozenset({key} if in_flight else ()),
    )


def done(key: str, **given: Any) -> StepRecord:
    """Return the record of a step that our call has brought about."""
    return record(key, StepState.DONE, **{"tries": 1, **given})


def opened(key: str, state: StepState = StepState.UNSURE, **given: Any) -> StepRecord:
    """Return the record of a call whose answer was lost, after the guest's creation."""
    return record(key, state, **{"tries": 1, "seen_action": CREATED.request, **given})


def begun(answer: Next) -> list[str]:
    """Return the keys of the steps that begin."""
    assert isinstance(answer, Act), answer
    assert not answer.notes
    return [begin.step.key for begin in answer.begins]


def noted(answer: Next) -> list[tuple[str, str, str]]:
    """Return what is recorded: key, kind and reason."""
    assert isinstance(answer, Act), answer
    assert not answer.begins
    return [(each.step.key, str(each.kind), each.record.reason) for each in answer.notes]


def told(answer: Next) -> tuple[str, str, str]:
    """Return how it ends: kind, reason and result."""
    assert isinstance(answer, Finish), answer
    return str(answer.kind), str(answer.reason), str(answer.result or "")
