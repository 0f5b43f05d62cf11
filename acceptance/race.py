"""Fifty guests of one dead host: Kasugai, fifty bare calls with ten in flight, and Masakari tuned, in turns.

Measured from the first call that does something to a guest, by Nova's own log, to the moment at which Nova shows all of
them ACTIVE elsewhere. Requests are all that a contender asked Nova from the report on until it was done with the host.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from statistics import median

from bench.figures import Figure

from acceptance.ours import Ours
from acceptance.peer import Masakari, masakari
from acceptance.progress import say, wait_for
from acceptance.requests import asked
from acceptance.stack.admin import Admin
from acceptance.stack.layout import HOSTS
from acceptance.stack.stack import Stack
from kasugai.core.words.incident import Phase
from kasugai.core.words.policy import Policy

GUESTS, IN_FLIGHT, HOST = 50, 10, HOSTS[0]
OURS, TOLD, BARE, PEER = "Kasugai", "Kasugai with its bridge", "bare calls", "Masakari"
NAMES: Mapping[str, str] = {OURS: "kasugai", TOLD: "kasugai", BARE: "bare", PEER: "python-novaclient"}
"""How Nova's log knows each."""
LIMITS: Mapping[str, float] = {BARE: 0.70, PEER: 0.50}
"""How much of their time Kasugai may take, by the median."""
WORST = 0.85
"""And of the bare calls' time in the worst round."""
FIRST = 3.0
"""Seconds from the report to Kasugai's first call, with a power device that reads off."""
WITHIN = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one contender came to once."""

    who: str
    seconds: float
    """From the first call to the last guest ACTIVE."""
    before: float
    """From the report (the force-down of the bare calls) to the first call."""
    after: float
    """From the last guest ACTIVE, as a look every half second shows it, until the contender was done with the host."""
    requests: float
    """To Nova, per guest."""
    destinations: str
    """How many guests each host got, most first."""


def run(stack: Stack, ours: Ours, rounds: int) -> Iterator[Figure]:
    """Let all of them have as many turns, tell each, and yield the figures."""
    found: list[Round] = []
    ours.describe(Policy())
    with masakari(stack) as peer:
        peer.describe(HOST)
        ways: Mapping[str, Callable[[], None]] = {
            OURS: lambda: _ours(ours),
            TOLD: lambda: _ours(ours),
            BARE: lambda: _bare(stack),
            PEER: lambda: _peer(stack, peer),
        }
        ends: Mapping[str, Callable[[], None]] = {
            OURS: lambda: _ours_again(ours),
            TOLD: lambda: _ours_again(ours),
            BARE: lambda: None,
            PEER: lambda: peer.revive(HOST),
        }
        for number in range(1, rounds + 1):
            for who, way in ways.items():
                with ours.bridge() if who == TOLD else nullcontext():
                    one = _round(stack, who, way, ends[who])
                found.append(one)
                say(
                    f"round {number}: {who}: {one.seconds:.1f} s, first call after {one.before:.1f} s, "
                    f"{one.requests:.2f} requests a guest, over {one.after:.1f} s after the last, {one.destinations}"
                )
    yield from figures(found)


def figures(found: Sequence[Round]) -> Iterator[Figure]:
    """Return what the rounds say together."""
    by = {who: [one for one in found if one.who == who] for who in (OURS, TOLD, BARE, PEER)}
    for who, rounds in by.items():
        seconds = [one.seconds for one in rounds]
        yield Figure(bench="seconds", what=f"{who}, median of {len(rounds)}", value=median(seconds), unit="s")
        yield Figure(bench="seconds", what=f"{who}, quickest", value=min(seconds), unit="s")
        yield Figure(bench="seconds", what=f"{who}, slowest", value=max(seconds), unit="s")
    for who, limit in LIMITS.items():
        ratios = [one.seconds / other.seconds for one, other in zip(by[OURS], by[who], strict=True)]
        yield Figure(
            bench="ratio", what=f"{OURS} / {who}, median", value=median(ratios), unit="x", limit=limit
        )
        worst = WORST if who == BARE else None
        yield Figure(bench="ratio", what=f"{OURS} / {who}, worst", value=max(ratios), unit="x", limit=worst)
    for who in (OURS, TOLD):
        value = median(one.after for one in by[who])
        yield Figure(bench="end", what=f"{who}, last guest ACTIVE → recovered", value=value, unit="s")
    ratios = [one.seconds / other.seconds for one, other in zip(by[TOLD], by[OURS], strict=True)]
    yield Figure(bench="ratio", what=f"{TOLD} / without, median", value=median(ratios), unit="x")
    for who, rounds in by.items():
        value = median(one.requests for one in rounds)
        most = 1.5 if who == OURS else None
        yield Figure(bench="requests", what=f"{who}, per guest", value=value, unit="", limit=most)
    value = median(one.before for one in by[OURS])
    yield Figure(bench="first call", what=f"{OURS}, after the report", value=value, unit="s", limit=FIRST)


def _round(stack: Stack, who: str, way: Callable[[], None], end: Callable[[], None]) -> Round:
    """Let one contender move fifty guests, and put everything back."""
    ids = stack.admin.boot(HOST, [f"guest-{n}" for n in range(GUESTS)])
    stack.lose_power(HOST)
    began = time.time()
    way()
    homes = _await_landed(stack.admin, set(ids.values()))
    landed = time.time()
    log = stack.layout.logs / "nova.log"
    first = min(one.at for one in asked(log, began, NAMES[who]) if one.is_action)
    end()
    over = time.time()
    requests = len(asked(log, began, NAMES[who]))
    stack.bring_back(HOST)
    stack.admin.delete_all()
    assert not stack.hypervisors.ran_twice(), f"{who} let a guest run twice"
    return Round(
        who=who,
        seconds=landed - first,
        before=first - began,
        after=over - landed,
        requests=requests / GUESTS,
        destinations=", ".join(f"{host} {n}" for host, n in homes.most_common()),
    )


def _await_landed(admin: Admin, ids: set[str]) -> Counter[str]:
    """Wait until Nova shows all of them ACTIVE elsewhere; the same look, as often, whoever is measured."""
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline:
        rows = [row for row in admin.guests(HOST) if row["id"] in ids]
        if not rows:
            rows = [row for row in admin.guests() if row["id"] in ids]
            states = Counter(row["status"] for row in rows)
            if set(states) == {"ACTIVE"} and all(row["OS-EXT-STS:task_state"] is None for row in rows):
                return Counter(row["OS-EXT-SRV-ATTR:host"] for row in rows)
        time.sleep(0.5)
    raise TimeoutError(
        f"not all landed within {WITHIN:.0f} s: {Counter(r['status'] for r in admin.guests())}"
    )


def _ours(ours: Ours) -> None:
    """The host's device reads off, and a person who knows says so."""
    ours.switch(HOST, "off")
    ours.report(HOST)


def _ours_again(ours: Ours) -> None:
    """Wait until the incident is closed, and say that the host lives."""

    def closed() -> bool:
        view = ours.incident(HOST)
        return view is not None and view.phase is Phase.RECOVERED

    ours.until(closed, 120, lambda: "the incident is closed")
    ours.switch(HOST, "on")
    ours.revive(HOST)


def _bare(stack: Stack) -> None:
    """Fifty calls, ten in flight, each as soon as an earlier one was answered; one token, no other request."""
    caller = Admin(stack.layout, name=NAMES[BARE])
    caller.change_service(HOST, forced_down=True).raise_for_status()
    ids = [row["id"] for row in caller.guests(HOST)]
    threads = ThreadPoolExecutor(IN_FLIGHT)
    for uuid in ids:
        threads.submit(caller.act, uuid, "evacuate", {}, version="2.93")
    threads.shutdown(wait=False)


def _peer(stack: Stack, peer: Masakari) -> None:
    """Masakari at its best: the host is forced down before, so that its own disabling does not wait for a minute."""
    stack.admin.change_service(HOST, forced_down=True).raise_for_status()
    wait_for(lambda: peer.report(HOST).status_code == 202, "Masakari takes the notification", 60, every=1)
