"""What stops in the middle of a recovery and comes back: how long the guests stand still for it.

Nova's API ends with calls on the wire; a worker is killed with -9 and started again at once. Judged is that nothing
runs twice and nobody is lost, and how long it takes.
"""

import time
from collections import Counter
from collections.abc import Iterator

from acceptance.cases.pipeline import owner_of
from acceptance.ours import Ours
from acceptance.progress import wait_for
from acceptance.requests import Asked, asked
from acceptance.results import Result, check
from acceptance.stack.hypervisors import Wish
from acceptance.stack.layout import HOSTS
from acceptance.stack.stack import Stack
from kasugai.core.words.incident import Phase
from kasugai.core.words.policy import Policy

SUBJECT, HOST = "outages", HOSTS[0]
GUESTS = 24
AWAY = 30.0
"""Seconds for which there is no nova-api."""
BACK = 50.0
"""Seconds after its end within which all guests are to be back."""
NEXT = 5.0
"""Seconds from the death of an owner that is started again at once to the next call."""
WITHIN = 240.0


def run(stack: Stack, ours: Ours) -> Iterator[Result]:
    """Play both, each on a host that is whole again."""
    for host in HOSTS:
        stack.hypervisors.wish(host, Wish(seconds=1.0))
    for case, play in (
        (f"nova-api ends for {AWAY:.0f} s with calls on the wire", _api_ends),
        ("the owner is killed and started again at once", _owner_dies),
    ):
        ids = stack.admin.boot(HOST, [f"guest-{n}" for n in range(GUESTS)])
        ours.describe(Policy())
        stack.lose_power(HOST)
        began = time.time()
        ours.report(HOST)
        yield check(SUBJECT, case, lambda play=play, began=began: play(stack, ours, began))  # type: ignore[misc]
        yield check(
            SUBJECT,
            f"{case}: each guest moved once",
            lambda ids=ids: _once(stack, ours, set(ids.values())),  # type: ignore[misc]
        )
        stack.bring_back(HOST)
        ours.revive(HOST)
        stack.admin.delete_all()
    for host in HOSTS:
        stack.hypervisors.wish(host, Wish())


def _calls(stack: Stack, since: float) -> list[Asked]:
    found = asked(stack.layout.logs / "nova.log", since, "kasugai")
    return [one for one in found if one.is_action]


def _api_ends(stack: Stack, ours: Ours, began: float) -> str:
    """Its processes stand still until some calls wait in them, and end then: some of the calls were carried out, some
    were not, and none is answered."""
    ours.until(lambda: bool(_calls(stack, began)), 60, lambda: "no call yet")
    stack.processes.pause("nova")
    time.sleep(1.0)
    ended = time.time()
    stack.end_api()
    time.sleep(AWAY)
    stack.start_api()
    ours.until(lambda: not stack.admin.guests(HOST), WITHIN, lambda: f"{len(stack.admin.guests(HOST))} left")
    seconds = time.time() - ended
    assert seconds <= BACK, f"{seconds:.1f} s"
    return f"all {GUESTS} back {seconds:.1f} s after its end"


def _owner_dies(stack: Stack, ours: Ours, began: float) -> str:
    ours.until(lambda: len(_calls(stack, began)) >= 8, 60, lambda: f"{len(_calls(stack, began))} calls")
    killed = time.time()
    ours.processes.kill(owner_of(ours, HOST))
    ours.until(lambda: not stack.admin.guests(HOST), WITHIN, lambda: f"{len(stack.admin.guests(HOST))} left")
    after = _calls(stack, killed)
    assert after, "no call was left to be made"
    seconds = after[0].at - killed
    assert seconds <= NEXT, f"the next call came after {seconds:.1f} s"
    return f"the next call {seconds:.1f} s after its death"


def _once(stack: Stack, ours: Ours, ids: set[str]) -> str:
    """By Nova's records and the hypervisors' diary."""

    def closed() -> bool:
        view = ours.incident(HOST)
        return view is not None and view.phase is Phase.RECOVERED

    wait_for(closed, "the incident is closed", 120)
    assert not stack.hypervisors.ran_twice()
    records = [one for one in stack.admin.evacuations(HOST) if one["instance_uuid"] in ids]
    moved = Counter(one["instance_uuid"] for one in records if one["status"] == "done")
    others = Counter(one["status"] for one in records if one["status"] != "done")
    assert dict(moved) == dict.fromkeys(ids, 1), f"{len(moved)} of {len(ids)} moved once: {moved}"
    assert set(others) <= {"error"}, f"neither moved nor refused: {others}"
    return f"{len(moved)} moved, {others['error']} calls refused by the scheduler before"
