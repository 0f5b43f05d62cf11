"""The gates of processes: what the segment's policy makes of one, what may still be starting, and what else has failed
where one is well again."""

from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.gates import SEGMENT, Gate, Wait
from kasugai.core.deciding.hostfirst import explains
from kasugai.core.words.policy import ProcessAction
from kasugai.core.words.subject import host_subject, process_subject
from kasugai.core.words.timing import SteadyTime, later
from kasugai.core.words.verdicts import Reason, Verb


def action(asked: Asked) -> ProcessAction:
    """Return what the policy makes of the process that is asked about."""
    return asked.policy.process_action(asked.row.subject.detail)


NOTED = Gate(
    reasons=frozenset({Reason.PROCESS_NOTED}),
    why=lambda asked: Reason.PROCESS_NOTED if action(asked) is ProcessAction.NOTE else None,
    wait=lambda _: Wait(on=frozenset({SEGMENT})),
    verb=Verb.IGNORE,
    final=frozenset({Reason.PROCESS_NOTED}),
)
"""The policy asks for more than a note."""


def _quiet_until(asked: Asked) -> SteadyTime | None:
    host = asked.host_row(asked.row.host)
    if host is None or host.booted is None:
        return None
    return later(host.booted.steady, asked.policy.process_quiet)


def _starting(asked: Asked) -> Reason | None:
    until = _quiet_until(asked)
    return Reason.JUST_BOOTED if until is not None and until > asked.deadline else None


BOOTED = Gate(
    reasons=frozenset({Reason.JUST_BOOTED}),
    why=_starting,
    wait=lambda asked: Wait(
        until=_quiet_until(asked), on=frozenset({SEGMENT, host_subject(asked.row.host).name})
    ),
    follows=True,
)
"""The host has been up for long enough."""


def _still_down(asked: Asked) -> str:
    """Return another process of the host that has failed since it was last well, and without which the host gets no new
    guests; empty for none. It found the host disabled already, and nobody else enables that for its sake. What ended
    with its host since is over, though nobody may say so."""
    host = asked.host_row(asked.row.host)
    for name in asked.policy.process_disable:
        row = asked.subjects.get(process_subject(asked.row.host, name).name)
        if row is None or row.name == asked.row.name or row.failed is None or row.well:
            continue
        if not explains(host, row.failed):
            return name
    return ""


def _others(asked: Asked) -> frozenset[str]:
    return frozenset(process_subject(asked.row.host, name).name for name in asked.policy.process_disable)


ALONE = Gate(
    reasons=frozenset({Reason.OBSERVED}),
    why=lambda asked: Reason.OBSERVED if asked.row.well and _still_down(asked) else None,
    wait=lambda asked: Wait(
        on=_others(asked) - {asked.row.name} | {SEGMENT, host_subject(asked.row.host).name}
    ),
    follows=True,
    undoing=True,
    detail=lambda asked, _: f"{_still_down(asked)} has failed as well",
)
"""Of what is well again: no other process has failed for which its host is disabled."""
