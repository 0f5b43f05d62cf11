"""Alertmanager's silences as maintenance: which of them set a host aside, until when, and what becomes of one that is
not seen any more.

A silence counts when its matchers are exactly the host's label and what the operator asks for besides: one that is
narrower is about an alert, one with a regular expression about nobody in particular. It ends at its date, or when
Alertmanager shows it as expired. One that has merely vanished (Alertmanager keeps an expired one for five days, and has
forgotten everything when its disk was lost) stands until its date: absence is not evidence.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kasugai.core.words.bounds import LATEST
from kasugai.core.words.silences import Silence
from kasugai.core.words.timing import Instant
from kasugai.observers.seen import NoOpinion
from kasugai.observers.texts import LONGEST, is_name, shown, whole

OBSERVER = "alertmanager"
MOST = 16
"""Silences of one host that are kept, those that end last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One silence, as far as it concerns us."""

    silence_id: str
    host: str
    is_active: bool
    """Expired otherwise; one that is yet to come is left out."""
    until: Instant
    author: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What Alertmanager's answer holds."""

    found: tuple[Found, ...]
    near: tuple[str, ...]
    """Ids of active silences that name the label and set nobody aside: by a regular expression, or with more or fewer
    matchers than asked for. A person may have meant them."""


def read_silences(status: int, body: bytes, label: str, also: Mapping[str, str]) -> Read:
    """Return what an answer to GET /api/v2/silences says; NoOpinion. `also`: the further matchers that a silence must
    have, by label."""
    try:
        rows = json.loads(body)
    except (ValueError, RecursionError):
        rows = None
    if status != 200 or not isinstance(rows, list):
        raise NoOpinion(f"answers {status} with what is no list of silences: is the url right?")
    found: list[Found] = []
    near: list[str] = []
    for row in rows:
        match row:
            case {"id": str(name), "status": {"state": str(state)}, "matchers": list(matchers)} if is_name(
                name
            ):
                _sort(found, near, row, name, state, _host(matchers, label, also))
            case _:
                raise NoOpinion("lists a silence without id, status or matchers")
    return Read(found=tuple(found), near=tuple(near))


def _sort(
    found: list[Found], near: list[str], row: Mapping[str, Any], name: str, state: str, host: str | None
) -> None:
    if host is None or state not in ("active", "expired"):
        return
    if host == "":
        if state == "active":
            near.append(name)
        return
    found.append(
        Found(
            silence_id=name,
            host=host,
            is_active=state == "active",
            until=_until(row, name),
            author=shown(row.get("createdBy") or "", LONGEST),
            reason=whole(str(row.get("comment") or "")),
        )
    )


def _host(matchers: Sequence[Any], label: str, also: Mapping[str, str]) -> str | None:
    """Return whom matchers set aside; empty for one that only comes near, None for one about something else."""
    if not any(isinstance(m, dict) and m.get("name") == label for m in matchers):
        return None
    exact = {str(m["name"]): m["value"] for m in matchers if _is_equality(m)}
    host = exact.pop(label, "")
    is_whole = len(exact) + 1 == len(matchers) and exact == dict(also)
    return host if is_whole and is_name(host) else ""


def _is_equality(matcher: object) -> bool:
    """`isEqual` came with Alertmanager 0.22: before it every matcher was one."""
    match matcher:
        case {"name": str(), "value": str(), "isRegex": False, "isEqual": equal}:
            return equal is True
        case {"name": str(), "value": str(), "isRegex": False}:
            return True
        case _:
            return False


def _until(row: Mapping[str, Any], name: str) -> Instant:
    try:
        at = datetime.fromisoformat(str(row["endsAt"]))
        if at.tzinfo is None:
            raise ValueError("no time zone")
        return min(max(round(at.timestamp() * 1000), 0), LATEST)
    except (KeyError, ValueError, OverflowError):
        raise NoOpinion(f"lists the silence {shown(name)} without a date of its end") from None


class Keeper:
    """What stands about each host, answer by answer. It begins with what the topic holds."""

    def __init__(self, standing: Collection[Silence] = ()) -> None:
        """`standing`: the newest word about each host that was ever said."""
        self._standing = {silence.host: silence for silence in standing if silence.until}
        self._active: set[str] = set()
        """Ids that were seen active by us."""

    @property
    def standing(self) -> Collection[Silence]:
        """What was last said of each host and is not over."""
        return tuple(self._standing.values())

    def judge(self, read: Read, hosts: Collection[str], now: Instant) -> list[Silence]:
        """Return what stands about each host by an answer, and what ends with it. `now`: this machine's clock, by which
        only dates that have passed are forgotten."""
        by_host: dict[str, list[Found]] = {}
        for each in read.found:
            by_host.setdefault(each.host, []).append(each)
        told = [
            self._judge(host, by_host.get(host, []), now)
            for host in sorted(self._standing.keys() | (by_host.keys() & set(hosts)))
        ]
        self._active |= {each.silence_id for each in read.found if each.is_active}
        self._active &= {each.silence_id for each in read.found}
        said = [silence for silence in told if silence is not None]
        self._standing = {silence.host: silence for silence in said if silence.until}
        return said

    def _judge(self, host: str, found: Sequence[Found], now: Instant) -> Silence | None:
        """A silence that ends before our eyes takes with it what has vanished: whoever ends it means the host."""
        old = self._standing.get(host)
        shown = {each.silence_id for each in found}
        ended_now = any(each.silence_id in self._active and not each.is_active for each in found)
        gone = {} if old is None or ended_now else dict(zip(old.names, old.ends, strict=False))
        ends = {name: end for name, end in gone.items() if name not in shown and end > now}
        active = {each.silence_id: each for each in found if each.is_active and each.until > now}
        ends |= {name: each.until for name, each in active.items()}
        if not ends:
            return None if old is None else Silence(host=host, observer=OBSERVER)
        last = sorted(ends, key=lambda name: (ends[name], name))[-MOST:]
        whose = active.get(last[-1])
        return Silence(
            host=host,
            until=ends[last[-1]],
            observer=OBSERVER,
            names=tuple(last),
            ends=tuple(ends[name] for name in last),
            author=whose.author if whose else old.author if old else "",
            reason=whose.reason if whose else old.reason if old else "",
        )
