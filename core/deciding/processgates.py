"""The gates of processes: what the segment's policy makes of one, what may still be starting, and what else has failed
where one is well again."""

from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.draining import is_marked
from kasugai.core.deciding.gates import SEGMENT, Gate, Wait
from kasugai.core.deciding.hostfirst import explains
from kasugai.core.words.hardware import HARDWARE, is_hardware
from kasugai.core.words.policy import ProcessAction
from kasugai.core.words.subject import host_subject, process_subject
from kasugai.core.words.timing import SteadyTime, later
from kasugai.core.words.verdicts import Reason, Verb


def action(asked: Asked) -> ProcessAction:
    """Return what the policy makes of the process that is asked about."""
    return asked.policy.process_action(asked.row.subject.detail)


def _noted(asked: Asked) -> Reason | None:
    if action(asked) is not ProcessAction.NOTE:
        return None
    return Reason.DEGRADED_NOTED if is_hardware(asked.row.subject) else Reason.PROCESS_NOTED


NOTED = Gate(
    reasons=frozenset({Reason.PROCESS_NOTED, Reason.DEGRADED_NOTED}),
    why=_noted,
    wait=lambda _: Wait(on=frozenset({SEGMENT})),
    verb=Verb.IGNORE,
    final=frozenset({Reason.PROCESS_NOTED, Reason.DEGRADED_NOTED}),
)
"""The policy asks for more than a note."""


def _quiet_until(asked: Asked) -> SteadyTime | None:
    host = asked.host_row(asked.row.host)
    if host is None or host.booted is None:
        return None
    return later(host.booted.steady, asked.policy.process_quiet)


def _starting(asked: Asked) -> Reason | None:
    if is_hardware(asked.row.subject):
        return None
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
"""The host has been up for long enough; its hardware starts at once."""


def _still_down(asked: Asked) -> str:
    """Return another process of the host that has failed since it was last well, and without which the host gets no new
    guests, or its hardware; empty for none. It found the host disabled already, and nobody else enables that for its
    sake. What ended with its host since is over, though nobody may say so; hardware does not."""
    host = asked.host_row(asked.row.host)
    for name in _names(asked):
        row = asked.subjects.get(process_subject(asked.row.host, name).name)
        if row is None or row.name == asked.row.name or row.failed is None or not is_marked(row):
            continue
        if is_hardware(row.subject) or not explains(host, row.failed):
            return name
    return ""


def _names(asked: Asked) -> tuple[str, ...]:
    hardware = (HARDWARE,) if asked.policy.degraded.moves else ()
    return (*asked.policy.process_disable, *hardware)


def _others(asked: Asked) -> frozenset[str]:
    return frozenset(process_subject(asked.row.host, name).name for name in _names(asked))


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
