"""W3C trace context as a record brings it: by its form, or not at all.

Whoever writes a record chooses its headers, and what we publish because of it carries them on: a long or broken one
would spoil records of ours. What does not have the form (https://www.w3.org/TR/trace-context/) is dropped and counted.
"""

import re
from collections.abc import Sequence

from kasugai.adapters.telemetry.catalogue import DROPPED_TRACES
from kasugai.adapters.telemetry.meters import count

PARENT, STATE = "traceparent", "tracestate"
TRACE = (PARENT, STATE)
"""The headers of W3C trace context."""

LONGEST_PARENT = 255
"""Characters of a traceparent of a version that is not known: its first 55 are those of version 00."""
LONGEST_STATE = 512
"""Characters of a tracestate that anybody has to pass on."""
MEMBERS = 32
"""Members of a tracestate at most."""

_PARENT = re.compile(
    r"(?!ff)(?P<version>[0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?P<more>-[!-~]*)?"
)
_KEY = r"[a-z][_0-9a-z*/-]{0,255}|[a-z0-9][_0-9a-z*/-]{0,240}@[a-z][_0-9a-z*/-]{0,13}"
_VALUE = r"[ -+\--<>-~]{0,255}[!-+\--<>-~]"
_MEMBER = re.compile(rf"(?P<key>{_KEY})={_VALUE}")


def trace_of(headers: Sequence[tuple[str, bytes]]) -> dict[str, str]:
    """Return the trace context that a record carries, as a `Letter` keeps it; empty when it has none that is well
    formed. A tracestate that is not is dropped alone."""
    found = [(name, value) for name, value in headers if name in TRACE]
    if not found:
        return {}
    trace = {name: value.decode("ascii", "replace") for name, value in found}
    if len(trace) < len(found) or not _is_parent(trace.get(PARENT, "")):
        count(DROPPED_TRACES)
        return {}
    if STATE in trace and not _is_state(trace[STATE]):
        count(DROPPED_TRACES)
        del trace[STATE]
    return trace


def _is_parent(text: str) -> bool:
    if len(text) > LONGEST_PARENT:
        return False
    match = _PARENT.fullmatch(text)
    return match is not None and not (match["version"] == "00" and match["more"])


def _is_state(text: str) -> bool:
    if len(text) > LONGEST_STATE:
        return False
    members = [member for part in text.split(",") if (member := part.strip(" \t"))]
    matches = [_MEMBER.fullmatch(member) for member in members]
    keys = {match["key"] for match in matches if match is not None}
    return 0 < len(members) <= MEMBERS and len(keys) == len(members)
