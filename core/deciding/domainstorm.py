"""The gates of failure domains, where a policy asks for them (`domain-trip`): in a storm of its own a small domain
stops, and a large one slows down.

They stand behind the segment's own storm and let nothing through that it holds.
"""

from collections.abc import Iterator, Set

from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.gates import Bars, Gate, Wait, When
from kasugai.core.deciding.storm import CALM, is_approved, next_count
from kasugai.core.words.crowds import is_too_many
from kasugai.core.words.domains import Domain
from kasugai.core.words.timing import Millis, SteadyTime
from kasugai.core.words.verdicts import Reason

RATED: Millis = Millis(600_000)
"""`domain-rate` counts beginnings within so long."""
LOOK_AGAIN: Millis = Millis(10_000)
"""Who waits for his turn looks again this often: what makes room is said about others."""


def _of_host(asked: Asked) -> Iterator[tuple[Domain, Set[str]]]:
    """Return the domains of a subject's host with their hosts, where the policy watches them."""
    if asked.segment is not None and asked.policy.domain_trip > 0:
        for domain in asked.tally.domains.of(asked.row.host):
            yield domain, asked.tally.domains.hosts(domain)


def _crowd(asked: Asked, hosts: Set[str]) -> int:
    return 1 + asked.tally.unhealthy(asked.deadline, besides=asked.row.host, among=hosts)


def _is_over(asked: Asked, hosts: Set[str]) -> bool:
    return is_too_many(_crowd(asked, hosts), len(hosts), asked.policy.domain_trip)


def _may_pass(asked: Asked) -> bool:
    """Whether a person allowed to act in a storm, by the number of the segment's unhealthy hosts."""
    crowd = 1 + asked.tally.unhealthy(asked.deadline, besides=asked.row.host)
    words = asked.row.approval, asked.segment.approval if asked.segment is not None else None
    return any(is_approved(word, crowd, asked.deadline) for word in words)


def _stops(asked: Asked, hosts: Set[str]) -> bool:
    """Whether a small domain is in a storm, or was and its number is not yet steady."""
    if len(hosts) > asked.policy.domain_small:
        return False
    tally, deadline = asked.tally, asked.deadline
    steady = (
        tally.counts(asked.row.host, deadline) and tally.changed_at(deadline) + asked.cooldown <= deadline
    )
    return _is_over(asked, hosts) or not (steady or tally.held_by_domain.isdisjoint(hosts))


def _stopping(asked: Asked) -> Domain | None:
    return next((domain for domain, hosts in _of_host(asked) if _stops(asked, hosts)), None)


def _stormy(asked: Asked) -> Reason | None:
    return Reason.DOMAIN_STORM if _stopping(asked) is not None and not _may_pass(asked) else None


def _until_steady(asked: Asked) -> Wait:
    """As a storm of the segment: the number changes by what is said about any host."""
    if asked.row.incident is not None:
        return Wait()
    return Wait(until=next_count(asked.tally, asked.deadline, asked.cooldown))


def _which(asked: Asked, _: Reason) -> str:
    domain = _stopping(asked)
    if domain is None:
        return ""
    hosts = asked.tally.domains.hosts(domain)
    return f"{_crowd(asked, hosts)} of {len(hosts)} hosts of {domain.title} are unhealthy"


DOMAIN_CALM = Gate(
    reasons=frozenset({Reason.DOMAIN_STORM}),
    why=_stormy,
    wait=_until_steady,
    when=When.PROVEN,
    bars=Bars.PUBLISHING,
    detail=_which,
)
"""No small domain of the host is in a storm of its own, or a person allows it."""


def _is_full(asked: Asked, hosts: Set[str]) -> bool:
    """Whether a large domain in a storm has as many recoveries as its policy lets it."""
    if len(hosts) <= asked.policy.domain_small or not _is_over(asked, hosts):
        return False
    others = hosts - {asked.row.host}
    lately = asked.tally.begun(others, since=SteadyTime(asked.deadline - RATED))
    return asked.tally.at_work(others) >= asked.policy.domain_cap or lately >= asked.policy.domain_rate


def _filling(asked: Asked) -> Domain | None:
    return next((domain for domain, hosts in _of_host(asked) if _is_full(asked, hosts)), None)


def _slow(asked: Asked) -> Reason | None:
    return Reason.DOMAIN_PACE if _filling(asked) is not None and not _may_pass(asked) else None


def _pace(asked: Asked, _: Reason) -> str:
    domain, policy = _filling(asked), asked.policy
    if domain is None:
        return ""
    return f"{domain.title}: {policy.domain_cap} at a time, {policy.domain_rate} within ten minutes"


DOMAIN_PACED = Gate(
    reasons=frozenset({Reason.DOMAIN_PACE}),
    why=_slow,
    wait=lambda asked: Wait(until=SteadyTime((asked.deadline // LOOK_AGAIN + 1) * LOOK_AGAIN)),
    when=When.LAST,
    detail=_pace,
)
"""In no large domain of the host in a storm are as many recovered as may be."""

HELD_BY_DOMAIN = DOMAIN_CALM.reasons | DOMAIN_PACED.reasons
"""Why a failure domain's storm holds a host."""
APPROVABLE = CALM.reasons | HELD_BY_DOMAIN
"""What a person's approval of a storm lets pass."""
