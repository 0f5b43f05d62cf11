"""Fifty guests in mixed states, a worker killed and Redis emptied in the middle: each moves once, and is as it was.

Judged by Nova's instance actions and by the hypervisors' own diary, not by what Kasugai says of itself.
"""

from collections import Counter
from collections.abc import Iterator

from acceptance.cases.guests import GUESTS, boot, kind_of
from acceptance.ours import Ours
from acceptance.progress import say, wait_for
from acceptance.results import Result, check
from acceptance.stack.hypervisors import Wish
from acceptance.stack.layout import HOSTS
from acceptance.stack.stack import Stack
from kasugai.core.words.facts import Fact
from kasugai.core.words.incident import Phase
from kasugai.core.words.policy import Policy

SUBJECT, HOST = "pipeline", HOSTS[0]
KILL_AT, FLUSH_AT = 8, 24
"""How many guests have landed when the worker that moves them is killed, and when Redis forgets everything."""
SPAWN = 1.0
"""Seconds that a hypervisor takes to build a guest: so long there is something to be killed in the middle of."""
WITHIN = 420.0
"""Seconds until all is done: what the dead worker had on the wire is waited for first (`settle`, 90 s)."""


def run(stack: Stack, ours: Ours) -> Iterator[Result]:
    """Let it happen, then judge."""
    ids = boot(stack.admin, HOST)
    say(f"{len(ids)} guests run on {HOST}")
    for host in HOSTS:
        stack.hypervisors.wish(host, Wish(seconds=SPAWN))
    ours.describe(Policy())
    stack.lose_power(HOST)
    ours.report(HOST)
    yield check(
        SUBJECT, "a worker is killed and Redis emptied, and the host is recovered", lambda: _play(stack, ours)
    )
    seen = _Seen(stack, ids)
    yield check(
        SUBJECT, "each guest was evacuated exactly once, by Nova's instance actions", seen.once_by_nova
    )
    yield check(SUBJECT, "each evacuation has one record, and it is done", seen.records_done)
    yield check(
        SUBJECT, "no guest ran on two hosts at any moment, by the hypervisors' diary", seen.never_twice
    )
    yield check(
        SUBJECT, "each guest runs where Nova says, or nowhere, as its state says", seen.runs_where_nova_says
    )
    yield check(SUBJECT, "each guest is in the state that docs/recovery.md promises", seen.states_kept)
    yield check(SUBJECT, "who was locked by its owner still is", seen.locks_kept)
    yield check(SUBJECT, "the dead host is forced down and disabled, with our reason", seen.host_is_out)
    yield check(
        SUBJECT, "the host returns, and keeps none of them", lambda: _return(stack, ours, set(ids.values()))
    )
    for host in HOSTS:
        stack.hypervisors.wish(host, Wish())
    stack.admin.delete_all()


def _play(stack: Stack, ours: Ours) -> str:
    def landed() -> int:
        return sum(record["status"] in ("done", "completed") for record in stack.admin.evacuations(HOST))

    ours.until(lambda: landed() >= KILL_AT, 180, lambda: f"{landed()} of {KILL_AT} have landed")
    owner = owner_of(ours, HOST)
    ours.processes.kill(owner)
    say(f"{owner} is killed with {landed()} landed")
    ours.until(lambda: landed() >= FLUSH_AT, WITHIN, lambda: f"{landed()} of {FLUSH_AT} have landed")
    ours.redis.flushall()
    say(f"Redis is empty with {landed()} landed")
    ours.until(
        lambda: _phase(ours) is Phase.RECOVERED, WITHIN, lambda: f"{_phase(ours)} with {landed()} landed"
    )
    view = ours.incident(HOST)
    assert view is not None
    return f"{view.progress}, {view.owners} owners, attempt {view.attempt}"


def owner_of(ours: Ours, host: str) -> str:
    """Return the worker that said the last thing about the host."""
    view = ours.incident(host)
    assert view is not None, f"no incident of {host}"
    authors = [seen.value.author for seen in view.records if isinstance(seen.value, Fact)]
    return next(name for name in ("worker-1", "worker-2") if authors[-1].startswith(name))


def _phase(ours: Ours) -> Phase | None:
    view = ours.incident(HOST)
    return None if view is None else view.phase


def _return(stack: Stack, ours: Ours, guests: set[str]) -> str:
    stack.bring_back(HOST)
    ours.revive(HOST)

    def gone() -> bool:
        kept = {uuid for uuid, hosts in stack.hypervisors.defined().items() if HOST in hosts}
        return not kept & guests

    seconds = wait_for(gone, f"{HOST} has none of the guests that were moved away", 60)
    assert not stack.hypervisors.ran_twice()
    return f"after {seconds:.0f} s"


class _Seen:
    """What is there when all is done."""

    def __init__(self, stack: Stack, ids: dict[str, str]) -> None:
        self._stack, self._ids = stack, ids
        self._guests = {row["id"]: row for row in stack.admin.guests()}

    def once_by_nova(self) -> str:
        calls = {
            name: sum(action["action"] == "evacuate" for action in self._stack.admin.actions(uuid))
            for name, uuid in self._ids.items()
        }
        assert (wrong := {name: n for name, n in calls.items() if n != 1}) == {}, f"not once: {wrong}"
        return f"{len(calls)} guests, {sum(calls.values())} calls"

    def records_done(self) -> str:
        records = self._stack.admin.evacuations(HOST)
        each = Counter(record["instance_uuid"] for record in records)
        states = Counter(record["status"] for record in records)
        assert set(each.values()) == {1} and len(each) == GUESTS and set(states) == {"done"}, (
            f"{len(each)} guests, {states}"
        )
        return ", ".join(
            f"{host} {n}" for host, n in sorted(Counter(r["dest_compute"] for r in records).items())
        )

    def never_twice(self) -> str:
        assert (twice := self._stack.hypervisors.ran_twice()) == set(), f"ran twice: {twice}"
        return f"{len(self._stack.hypervisors.entries())} lines"

    def runs_where_nova_says(self) -> str:
        running, wrong = self._stack.hypervisors.running(), {}
        for name, uuid in self._ids.items():
            row = self._guests[uuid]
            host = row["OS-EXT-SRV-ATTR:host"]
            wanted = {host} if kind_of(name).ends == "active" else set()
            if running.get(uuid, set()) != wanted or host == HOST:
                wrong[name] = (host, running.get(uuid))
        assert not wrong, f"wrong: {wrong}"
        return f"{len(running)} run"

    def states_kept(self) -> str:
        states = {name: self._guests[uuid]["OS-EXT-STS:vm_state"] for name, uuid in self._ids.items()}
        wrong = {name: state for name, state in states.items() if state != kind_of(name).ends}
        assert not wrong, f"wrong: {wrong}"
        return ", ".join(f"{n} {state}" for state, n in Counter(states.values()).items())

    def locks_kept(self) -> str:
        locked = {name for name, uuid in self._ids.items() if self._guests[uuid]["locked"]}
        wanted = {name for name in self._ids if name.startswith("locked")}
        assert locked == wanted, f"locked: {locked}"
        return f"{len(locked)} locked"

    def host_is_out(self) -> str:
        row = self._stack.admin.service(HOST)
        assert (row["forced_down"], row["status"]) == (True, "disabled"), f"{row}"
        return str(row["disabled_reason"])
