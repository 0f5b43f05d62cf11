"""Alertmanager's webhook: which hosts its firing alerts name, what they say of them (that they are down, or that their
hardware is degraded), and for how long a word of its stands.

Webhook format version 4 (Alertmanager's documentation): `alerts`, each with `status`, `labels`, `startsAt` and
`fingerprint`. Any bytes give alerts or a reason. An alert is said again by `repeat_interval`; one that is not, within
`lasts`, is over for us: an Alertmanager that died resolves nothing.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from kasugai.core.words.hardware import HARDWARE
from kasugai.core.words.signals import Source, Symptom
from kasugai.observers.seen import Seen, doubt
from kasugai.observers.texts import LONGEST, is_name

MOST_ALERTS = 5_000
"""Alerts of one message."""
MOST_STANDING = 50_000
"""Alerts that are remembered: those of 10,000 hosts, five of each."""


MEANING, DEGRADED = "kasugai", "degraded"
"""The label by which an alert says that its host lives and its hardware is degraded, and its value for that; any other
value, or none, means that the host is down."""


class BadPost(Exception):
    """A message that is none of Alertmanager's; the text says why, without repeating it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert of a message."""

    host: str
    """The value of the label that names it."""
    key: str
    """Its fingerprint, which is the labels'."""
    episode: str
    """When it began, by Prometheus' word."""
    firing: bool
    process: str = ""
    """What of the host it is about: its hardware; empty: the host itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One message."""

    alerts: tuple[Alert, ...]
    nameless: int
    """Alerts without the label: about something else than a host."""


def read_post(body: bytes, label: str) -> Post:
    """Return what a message says; BadPost."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise BadPost("this is no JSON: Alertmanager's webhook sends its version 4") from None
    match found:
        case {"version": "4", "alerts": list(rows)}:
            pass
        case {"version": version} if version != "4":
            raise BadPost("the message has another version than 4")
        case _:
            raise BadPost(
                "the message has no version and no list of alerts, as Alertmanager's webhook sends them"
            )
    if len(rows) > MOST_ALERTS:
        raise BadPost(f"the message has {len(rows)} alerts, at most {MOST_ALERTS} are taken: set max_alerts")
    alerts = [_alert(number, row, label) for number, row in enumerate(rows, 1)]
    kept = tuple(alert for alert in alerts if alert is not None)
    return Post(alerts=kept, nameless=len(alerts) - len(kept))


def _alert(number: int, row: Any, label: str) -> Alert | None:
    match row:
        case {
            "status": "firing" | "resolved" as status,
            "labels": dict(labels),
            "startsAt": str(starts),
            "fingerprint": str(key),
        }:
            pass
        case _:
            raise BadPost(
                f"alert {number} lacks status, labels, startsAt or fingerprint, or they are no such thing"
            )
    host = labels.get(label)
    if not isinstance(host, str) or host == "":
        return None
    if not (is_name(host) and is_name(key) and is_name(starts)):
        raise BadPost(f"alert {number}: {label}, startsAt or fingerprint is no name of 1 to {LONGEST} bytes")
    process = HARDWARE if labels.get(MEANING) == DEGRADED else ""
    return Alert(host=host, key=key, episode=starts, firing=status == "firing", process=process)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Firing:
    alert: Alert
    at: float


class AlertWatch:
    """The alerts that stand about hosts, or about one thing of theirs, as messages bring and end them."""

    source = Source.METRICS

    def __init__(self, *, lasts: float, now: Callable[[], float], process: str = "") -> None:
        """`lasts`: seconds for which a word stands that is not said again. `now`: seconds that only grow. `process`:
        what of the hosts the alerts are about that are taken; empty: the hosts themselves."""
        self.name = f"alertmanager/{DEGRADED}" if process else "alertmanager"
        self._process = process
        self._lasts = lasts
        self._now = now
        self._firing: dict[str, _Firing] = {}
        """By fingerprint."""
        self._of_host = Counter[str]()
        """By host: how many of them."""
        self._resolved: dict[str, str] = {}
        """By host of which nothing fires any more: the episode that is over, until it has been looked at."""
        self.strangers = 0
        """Standing alerts of hosts that the inventory does not know, by the last look."""

    def take(self, post: Post) -> int:
        """Take over what a message says of what is watched, and return how many firing alerts found no room."""
        dropped = 0
        for alert in (alert for alert in post.alerts if alert.process == self._process):
            if not alert.firing:
                self._end(alert)
            elif alert.key in self._firing or len(self._firing) < MOST_STANDING:
                self._begin(alert)
            else:
                dropped += 1
        return dropped

    def _begin(self, alert: Alert) -> None:
        self._drop(alert.key)
        self._firing[alert.key] = _Firing(alert=alert, at=self._now())
        self._of_host[alert.host] += 1
        self._resolved.pop(alert.host, None)

    def _end(self, alert: Alert) -> None:
        ended = self._drop(alert.key)
        if ended is not None and not self._of_host[ended.host]:
            self._resolved[ended.host] = ended.episode

    def _drop(self, key: str) -> Alert | None:
        firing = self._firing.pop(key, None)
        if firing is None:
            return None
        self._of_host[firing.alert.host] -= 1
        return firing.alert

    def _expire(self, now: float) -> None:
        """What is not said again is over, and nobody says that it is: it is no longer repeated either."""
        for key in [key for key, firing in self._firing.items() if now - firing.at > self._lasts]:
            self._drop(key)
        self._of_host += Counter()  # without those of which nothing is left

    async def look(self, hosts: Collection[str], now: float) -> Sequence[Seen]:
        """See `Watch`."""
        self._expire(now)
        since: dict[str, str] = {}
        for firing in self._firing.values():
            host, episode = firing.alert.host, firing.alert.episode
            since[host] = min(since.get(host, episode), episode)
        named = {host: episode for host, episode in since.items() if host in hosts}
        self.strangers = len(since) - len(named)
        doubt(len(named), len(hosts), self.name)
        over, self._resolved = self._resolved, {}
        ends = [
            self._seen(host, Symptom.CLEAR, episode)
            for host, episode in over.items()
            if host in hosts and host not in named
        ]
        return ends + [self._seen(host, Symptom.DOWN, episode) for host, episode in sorted(named.items())]

    def _seen(self, host: str, symptom: Symptom, episode: str) -> Seen:
        return Seen(host=host, symptom=symptom, episode=episode, process=self._process)
