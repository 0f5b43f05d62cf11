"""What Nova itself notifies of an evacuation reaches the bridge, is read without a remainder, and ends the recovery
sooner: with and without it by turns.
"""

import time
from collections.abc import Iterator
from contextlib import nullcontext
from statistics import median

from acceptance.ours import Ours
from acceptance.progress import say
from acceptance.requests import asked
from acceptance.results import Result, check
from acceptance.stack.hypervisors import Wish
from acceptance.stack.layout import HOSTS
from acceptance.stack.stack import Stack
from kasugai.core.words.incident import Phase
from kasugai.core.words.policy import Policy
from kasugai.core.words.sighting import Sighting
from kasugai.schemas.topics import NOVA, SIGHTINGS, dead_letters_of

SUBJECT, HOST = "bridge", HOSTS[0]
GUESTS, ROUNDS = 10, 2
SPAWN = 3.0
"""Seconds that a hypervisor takes to build a guest."""
WITHIN = 180.0


def run(stack: Stack, ours: Ours) -> Iterator[Result]:
    """Play it by turns, then judge."""
    for host in HOSTS:
        stack.hypervisors.wish(host, Wish(seconds=SPAWN))
    ours.describe(Policy())
    games = _Games(stack, ours)
    yield check(SUBJECT, f"{GUESTS} guests, {ROUNDS} times with the bridge and without", games.play)
    yield check(SUBJECT, "Nova's own notifications told of each landing", games.all_told)
    yield check(SUBJECT, "nothing that Nova notified was put aside", games.all_read)
    yield check(SUBJECT, "with the bridge a recovery ends no later after the last landing", games.ends_sooner)
    for host in HOSTS:
        stack.hypervisors.wish(host, Wish())


class _Games:
    """What was played."""

    def __init__(self, stack: Stack, ours: Ours) -> None:
        self._stack, self._ours = stack, ours
        self._ends: dict[bool, list[float]] = {True: [], False: []}
        self._asked: dict[bool, list[int]] = {True: [], False: []}
        self._moved: set[str] = set()

    def play(self) -> str:
        for _ in range(ROUNDS):
            for told in (False, True):
                with self._ours.bridge() if told else nullcontext():
                    self._play_once(told)
        return self._said()

    def _play_once(self, told: bool) -> None:
        stack, ours = self._stack, self._ours
        ids = set(stack.admin.boot(HOST, [f"guest-{n}" for n in range(GUESTS)]).values())
        stack.lose_power(HOST)
        began = time.time()
        ours.report(HOST)
        ours.until(lambda: self._all_landed(ids), WITHIN, lambda: "not all have landed")
        landed = time.time()
        ours.until(self._is_over, WITHIN, lambda: "the incident is not over")
        self._ends[told].append(time.time() - landed)
        self._asked[told].append(len(asked(stack.layout.logs / "nova.log", began, "kasugai")))
        say(
            f"{'with' if told else 'without'} the bridge: over {self._ends[told][-1]:.2f} s after the last landing"
        )
        if told:
            self._moved |= ids
        assert not stack.hypervisors.ran_twice()
        stack.bring_back(HOST)
        ours.revive(HOST)
        stack.admin.delete_all()

    def _all_landed(self, ids: set[str]) -> bool:
        rows = [row for row in self._stack.admin.guests() if row["id"] in ids]
        here = [row for row in rows if row["OS-EXT-SRV-ATTR:host"] == HOST]
        return not here and all(row["OS-EXT-STS:task_state"] is None for row in rows)

    def _is_over(self) -> bool:
        view = self._ours.incident(HOST)
        return view is not None and view.phase is Phase.RECOVERED

    def _said(self) -> str:
        words = []
        for told in (True, False):
            ends, requests = median(self._ends[told]), median(self._asked[told]) / GUESTS
            words.append(f"{'with' if told else 'without'}: {ends:.2f} s, {requests:.1f} requests a guest")
        return "; ".join(words)

    def all_told(self) -> str:
        told = {one.guest for one in self._ours.published(SIGHTINGS) if isinstance(one, Sighting)}
        assert self._moved, "nobody was moved with the bridge"
        assert self._moved <= told, f"of {len(self._moved)} landings {len(self._moved - told)} were not told"
        return f"{len(self._moved)} landings"

    def all_read(self) -> str:
        aside = self._ours.published(dead_letters_of(NOVA))
        assert not aside, f"{len(aside)} dead letters"
        return "no dead letter"

    def ends_sooner(self) -> str:
        assert median(self._ends[True]) <= median(self._ends[False]), self._said()
        return self._said()
