"""Who failed on which host: a failure and the user who asked come in different notifications of one request.

Counted are callers, not failures: one user whose image is broken fails a hundred times and is one. A failure of which
nobody knows who asked for it counts for nothing.
"""

from datetime import datetime, timedelta

from kasugai.bridge.reading.conclusions import CallerFailed
from kasugai.bridge.reading.conditions import ELSEWHERE
from kasugai.bridge.reading.heard import COMPUTE, Heard
from kasugai.bridge.reading.memory import Memory
from kasugai.core.words.signals import Fault, Source, Symptom, fault

CALLER = "caller/"
"""What the name of a caller begins with, as an observer."""
DESTINED = ("instance.rebuild_scheduled", "instance.live_migration_pre.", "instance.rebuild.")
"""How the events begin whose publisher is on the destination."""
MOST_FAILURES = 16
"""So many failures wait for their request's user."""
AGAIN = timedelta(minutes=1)
"""A caller who fails on a host again within so long, by Nova's time, is no news."""


class _Request:
    """What is known of one request."""

    def __init__(self) -> None:
        self.user = ""
        self.destination = ""
        self.open: list[Heard] = []
        self.told: set[str] = set()
        """The hosts that it has been told of."""


class _Told:
    """When it was last told that a caller has failed on a host, by Nova's time."""

    def __init__(self) -> None:
        self.at: datetime | None = None


class Callers:
    """The requests of which something was heard lately."""

    def __init__(self) -> None:
        """Nobody has failed."""
        self._requests = Memory(_Request)
        self._told = Memory(_Told)

    def hear(self, heard: Heard, *, fails: bool) -> list[CallerFailed]:
        """Take over what a notification says of its request; return the failures whose caller and host are known now,
        of each caller and host at most once in `AGAIN`."""
        return [each for each in self._found(heard, fails=fails) if self._is_news(each)]

    def _is_news(self, failure: CallerFailed) -> bool:
        told = self._told.of(f"{failure.host} {failure.caller}", failure.at)
        is_news = told.at is None or abs(failure.at - told.at) >= AGAIN
        told.at = failure.at if is_news else told.at
        return is_news

    def _found(self, heard: Heard, *, fails: bool) -> list[CallerFailed]:
        if fails and heard.event == "libvirt.connect.error":
            return [_failed(heard, heard.machine, f"{COMPUTE}:{heard.machine}")]
        if not heard.request:
            return []
        request = self._requests.of(heard.request, heard.at)
        request.user = request.user or heard.user
        if heard.event.startswith(DESTINED):
            request.destination = request.destination or heard.machine
        if fails and len(request.open) < MOST_FAILURES:
            request.open.append(heard)
        return list(_found(request)) if request.user and request.open else []


def _found(request: _Request) -> list[CallerFailed]:
    found, left = [], []
    for heard in request.open:
        host = request.destination if heard.exception.endswith(ELSEWHERE) else heard.machine
        if not host:
            left.append(heard)
        elif host not in request.told:
            request.told.add(host)
            found.append(_failed(heard, host, request.user))
    request.open = left
    return found


def _failed(heard: Heard, host: str, caller: str) -> CallerFailed:
    what = f"{heard.event} ({heard.exception})" if heard.exception else heard.event
    return CallerFailed(host=host, caller=caller, what=what, at=heard.at)


def word_of(failure: CallerFailed, episode: str) -> Fault:
    """Return the failure as a word about its host; `episode`: the request, or the notification."""
    return fault(
        host=failure.host,
        observer=f"{CALLER}{failure.caller}",
        source=Source.NOVA,
        symptom=Symptom.FAILING,
        episode=episode,
        observed_at=int(failure.at.timestamp() * 1000),
    )
