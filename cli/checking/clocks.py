"""Whether clocks agree: this machine's with the broker's, Nova's with this machine's, agents' with the broker's.

Nothing is written: the broker's clock is known by the newest record that it has stamped, so no better than somebody
writes. Liveness writes once a second where it runs, correlate twice a minute.
"""

import asyncio
from collections.abc import Iterator, Mapping

from kasugai.adapters.kafka.groups import members
from kasugai.adapters.kafka.newest import newest
from kasugai.adapters.kafka.standing import written_since
from kasugai.adapters.nova import NovaCloud
from kasugai.adapters.settings import Settings
from kasugai.cli.checking.finding import Finding, Word
from kasugai.cli.clock import now
from kasugai.core.recovering.doors import CloudAway, CloudRefused, CloudUnsure, LogAway
from kasugai.core.words.heartbeats import Beat
from kasugai.core.words.timing import BrokerTime, Instant, Millis
from kasugai.schemas.codec import Undecodable, decode
from kasugai.schemas.topics import CORRELATE_APP, HEARTBEATS, SIGNALS

PART = "clocks"
FAST: Millis = Millis(1_000)
"""By so much may a stamp of the broker's be younger than our question."""
FRESH: Millis = Millis(5_000)
QUIET: Millis = Millis(45_000)
"""While correlate runs, nothing is older: it writes every 30 s at least."""
NOVAS: Millis = Millis(3_000)
"""Nova's header has whole seconds."""
AGENTS: Millis = Millis(5_000)
LATELY: Millis = Millis(3_000)
NAMED = 5
WHAT = "type: chronyc tracking (or timedatectl)"


def clocks(settings: Settings) -> Iterator[Finding]:
    """Yield what there is to say about each clock."""
    yield from _of_the_broker(settings)
    yield from _of_nova(settings)
    yield from _of_agents(settings)


def _of_the_broker(settings: Settings) -> Iterator[Finding]:
    before = now()
    try:
        stamp = newest(settings.kafka, [HEARTBEATS, SIGNALS])
        writes = members(settings.kafka, [CORRELATE_APP]).get(CORRELATE_APP) not in (None, 0)
    except LogAway as error:
        yield Finding(PART, Word.UNASKED, f"the broker's cannot be known: {error}")
        return
    yield against_broker(stamp, before, now(), somebody_writes=writes)


def against_broker(
    stamp: BrokerTime | None, before: Instant, after: Instant, *, somebody_writes: bool
) -> Finding:
    """Return what the newest stamp says of this machine's clock. `before` and `after`: when it was asked for."""
    if stamp is None:
        return Finding(
            PART, Word.UNASKED, "the broker's cannot be known: it shows no record that it has dated"
        )
    if stamp - after > FAST:
        behind = (stamp - after) / 1000
        return Finding(PART, Word.NO, f"this machine's is {behind:.1f} s behind the broker's; {WHAT}")
    age = (before - stamp) / 1000
    if before - stamp <= FRESH:
        return Finding(PART, Word.OK, f"this machine's agrees with the broker's (within {max(age, 0):.1f} s)")
    if somebody_writes and before - stamp > QUIET:
        return Finding(
            PART,
            Word.NO,
            f"this machine's is ahead of the broker's by up to {age:.0f} s: so old is the newest record, although "
            f"correlate runs; {WHAT}",
        )
    said = f"this machine's is ahead of the broker's by {age:.0f} s at most: so old is the newest record"
    return Finding(PART, Word.OK if somebody_writes else Word.UNASKED, said)


def _of_nova(settings: Settings) -> Iterator[Finding]:
    if not settings.nova.is_set:
        return
    try:
        before = now()
        date = asyncio.run(_date(settings))
    except (CloudAway, CloudRefused, CloudUnsure):
        return  # which the part nova tells
    yield against_nova(date, before, now())


async def _date(settings: Settings) -> Instant | None:
    cloud = NovaCloud(settings.nova, client=settings.worker.timing.client / 1000)
    try:
        await cloud.check()
        return await cloud.date()
    finally:
        await cloud.close()


def against_nova(date: Instant | None, before: Instant, after: Instant) -> Finding:
    """Return what Nova's Date header says beside this machine's clock. `before` and `after`: when it was asked for."""
    if date is None:
        return Finding(PART, Word.UNASKED, "Nova's cannot be known: its replies have no Date header")
    ahead = max(0, date - after) or min(0, date + 1_000 - before)
    if abs(ahead) <= NOVAS:
        return Finding(PART, Word.OK, "Nova's API's agrees with this machine's")
    way = "ahead of" if ahead > 0 else "behind"
    return Finding(
        PART,
        Word.NO,
        f"Nova's API's is {abs(ahead) / 1000:.0f} s {way} this machine's: whether a guest was started after it failed "
        f"is told by both; {WHAT} on either",
    )


def _of_agents(settings: Settings) -> Iterator[Finding]:
    try:
        last = newest(settings.kafka, [HEARTBEATS])
        if last is None:
            yield Finding(PART, Word.UNASKED, "agents' cannot be known: the broker shows no heartbeat")
            return
        records = written_since(
            settings.kafka, "kasugai-cli-clocks", HEARTBEATS, range(settings.stream.partitions), last - LATELY
        )
    except LogAway as error:
        yield Finding(PART, Word.UNASKED, f"agents' cannot be known: {error}")
        return
    yield of_agents(_skews((record.at, record.value) for record in records))


def _skews(records: Iterator[tuple[int, bytes | None]]) -> Mapping[str, Millis]:
    """Return by host how far its clock is behind the broker's: by the beat that took the shortest way."""
    found: dict[str, Millis] = {}
    for at, value in records:
        try:
            beat = decode(value or b"")
        except Undecodable:
            continue
        if isinstance(beat, Beat) and beat.sent_at:
            skew = Millis(at - beat.sent_at)
            found[beat.host] = min(found.get(beat.host, skew), skew)
    return found


def of_agents(skews: Mapping[str, Millis]) -> Finding:
    """Return which agents' clocks are off. `skews`: by host how far its clock is behind the broker's."""
    off = sorted(host for host, skew in skews.items() if abs(skew) > AGENTS)
    if not off:
        return Finding(PART, Word.OK, f"those of {len(skews)} agents agree with the broker's")
    named = ", ".join(f"{host} ({-skews[host] / 1000:+.0f} s)" for host in off[:NAMED])
    more = f" and {len(off) - NAMED} more" if len(off) > NAMED else ""
    return Finding(
        PART,
        Word.NO,
        f"those of {len(off)} of {len(skews)} agents are off: {named}{more}; what they say may be taken for old; on "
        f"those hosts {WHAT}",
    )
