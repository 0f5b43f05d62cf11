"""The way between a client and Nova, and its troubles: late requests, lost replies, 503, refused connections.

A request that is on its way arrives whether or not its sender still lives: what it does is scheduled by the cloud,
never by the caller's task. Every request is kept in `requests`, in the order of sending.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn, TypeVar

from kasugai.sim.cloud.model import Answer, Ended, Refused
from kasugai.sim.cloud.world import World

T = TypeVar("T")

READS = frozenset(
    {
        "service",
        "services",
        "aggregates",
        "guests",
        "guest",
        "migrations",
        "actions",
        "controllers",
        "hypervisors",
        "room",
        "project-tags",
        "image",
        "power",
        "other",
    }
)
"""Actions that change nothing; all others are calls."""


class NoConnection(Exception):
    """The connection was refused: the request never left."""


class BrokenOff(Exception):
    """The connection ended before the answer: whoever served it is gone. What has arrived stands."""


@dataclass(slots=True, kw_only=True)
class Request:
    """One request as the wire saw it."""

    t: float
    """When it was sent."""
    method: str
    path: str
    """As Nova's REST API has it, without the query."""
    action: str
    """service, services, aggregates, guests, guest, migrations, actions, controllers, room, project-tags, image,
    force-down, enable, disable, aggregate, evacuate, reset, stop, start, migrate, live-migrate, confirm-migration,
    power, fence; over HTTP also hypervisors, update-service, token, other, and what users ask (lock, pause, ...)."""
    subject: str
    """The host's name, the guest's uuid or the project's id."""
    sender: str = ""
    microversion: str = ""
    """As asked for over HTTP; empty in memory."""
    arrived: float | None = None
    """When Nova carried it out (or refused it); None: not yet, or never."""
    status: int | None = None
    """Nova's answer, also if it was lost."""
    request_id: str = ""
    """Nova's own id of it, by which its action is found; empty for what leaves no action."""


class Kind(StrEnum):
    """Kinds of trouble."""

    SLOW = "slow"
    """Requests arrive `seconds` late."""
    LOST = "lost"
    """Replies never come."""
    BUSY = "busy"
    """Nova answers 503 before any work."""
    REFUSED = "refused"
    """No connection."""


@dataclass(slots=True, kw_only=True)
class Trouble:
    """One fault of the wire."""

    kind: Kind
    action: str | None = None
    """Only requests of this action; None: all."""
    subject: str | None = None
    times: float = math.inf
    """So many requests are hit."""
    until: float = math.inf
    """It ends by itself at this second."""
    seconds: float = 0.0

    def meets(self, request: Request) -> bool:
        """Whether it is of the request's kind of call and about its subject."""
        return self.action in (None, request.action) and self.subject in (None, request.subject)


class Wire:
    """Carries requests to the cloud and answers back."""

    def __init__(self, world: World) -> None:
        """Carry for `world`."""
        self._world = world
        self.requests: list[Request] = []
        self.watchers: list[Callable[[Request], None]] = []
        """Called with each request when it is sent and when it has been carried out."""
        self.troubles: list[Trouble] = []
        self._waiting: dict[int, Callable[[BrokenOff], None]] = {}
        """How those who wait for an answer are told that there will be none, by request."""

    def slow(
        self,
        seconds: float,
        action: str | None = None,
        subject: str | None = None,
        times: float = math.inf,
        lasting: float = math.inf,
    ) -> None:
        """From now on requests arrive so many seconds late."""
        until = self._world.now() + lasting
        self.troubles.append(
            Trouble(kind=Kind.SLOW, action=action, subject=subject, times=times, until=until, seconds=seconds)
        )

    def lose_replies(
        self,
        action: str | None = None,
        subject: str | None = None,
        times: float = math.inf,
        lasting: float = math.inf,
    ) -> None:
        """Requests are carried out and their replies never come."""
        until = self._world.now() + lasting
        self.troubles.append(
            Trouble(kind=Kind.LOST, action=action, subject=subject, times=times, until=until)
        )

    def answer_503(self, lasting: float, action: str | None = None) -> None:
        """Nova answers 503 for so many seconds."""
        until = self._world.now() + lasting
        self.troubles.append(Trouble(kind=Kind.BUSY, action=action, until=until))

    def refuse_connections(self, lasting: float) -> None:
        """Nobody gets through for so many seconds."""
        self.troubles.append(Trouble(kind=Kind.REFUSED, until=self._world.now() + lasting))

    def end_api(self, lasting: float) -> None:
        """Nova's API process ends, and another one serves after so many seconds: what has not arrived never will, and
        who waits for an answer hears that the connection has ended."""
        waiting, self._waiting = self._waiting, {}
        for reply in waiting.values():
            reply(BrokenOff())
        self.refuse_connections(lasting)

    def heal(self) -> None:
        """All troubles end; what is on its way stays on its way."""
        self.troubles.clear()

    def is_on_its_way(self, request: Request) -> bool:
        """Whether it has been sent and may still arrive."""
        return request.arrived is None and id(request) in self._waiting

    def note(self, request: Request) -> None:
        """Keep a request that goes another way (a power device's)."""
        self.requests.append(request)
        self._tell(request)

    def send(
        self, request: Request, act: Callable[[], Answer[T]], reply: Callable[[T | Exception], None]
    ) -> None:
        """Send a request. `act` is called when it arrives, `reply` when its answer is back: with act's value, with
        Refused, with NoConnection or with BrokenOff. A lost reply is never called."""
        world = self._world
        self.note(request)
        if self._hit(Kind.REFUSED, request):
            return world.later(world.draw(world.pace.wire), lambda: reply(NoConnection()))
        slow = self._hit(Kind.SLOW, request)
        lost = self._hit(Kind.LOST, request)
        self._waiting[id(request)] = reply
        delay = world.draw(world.pace.wire) + (slow.seconds if slow else 0.0)
        return world.later(delay, lambda: self._arrive(request, act, reply, is_lost=lost is not None))

    def _arrive(
        self,
        request: Request,
        act: Callable[[], Answer[T]],
        reply: Callable[[T | Exception], None],
        *,
        is_lost: bool,
    ) -> None:
        if id(request) not in self._waiting:
            return  # it was on its way to a process that has ended
        request.arrived = self._world.now()
        answer: T | Exception
        try:
            carried_out = self._refuse_busy() if self._hit(Kind.BUSY, request) else act()
            answer, took, request.status = carried_out.value, carried_out.took, 200
            request.request_id = carried_out.request_id
        except Refused as refusal:
            request.request_id = refusal.request_id
            answer, took, request.status = refusal, self._world.draw(self._world.pace.call), refusal.status
        except Ended:
            answer, took = BrokenOff(), 0.0
        self._tell(request)
        if is_lost:
            del self._waiting[id(request)]
        else:
            back = took + self._world.draw(self._world.pace.wire)
            self._world.later(back, lambda: self._answer(request, reply, answer))

    def _answer(
        self, request: Request, reply: Callable[[T | Exception], None], answer: T | Exception
    ) -> None:
        if self._waiting.pop(id(request), None) is not None:
            reply(answer)

    @staticmethod
    def _refuse_busy() -> NoReturn:
        raise Refused(503, "Service Unavailable")

    def _tell(self, request: Request) -> None:
        for watcher in self.watchers:
            watcher(request)

    def _hit(self, kind: Kind, request: Request) -> Trouble | None:
        """Return the first trouble of this kind that meets the request, and use it up by one."""
        now = self._world.now()
        self.troubles = [trouble for trouble in self.troubles if trouble.times > 0 and trouble.until > now]
        for trouble in self.troubles:
            if trouble.kind is kind and trouble.meets(request):
                trouble.times -= 1
                return trouble
        return None
