"""What the OpenAPI document says of /recoveries."""

from collections.abc import Mapping

from kasugai.api.own.describing import (
    MAYBE,
    MAYBE_STAMP,
    STAMP,
    TEXT,
    YES_NO,
    Operation,
    Schema,
    many,
    ref,
    thing,
    words,
)
from kasugai.api.own.rules import MOUNT
from kasugai.api.recoveries import OWN_WORDS, POLICY, Cause, State

RECOVERY: Schema = thing(
    recovery=TEXT,
    server=TEXT,
    name=TEXT,
    cause=words(*Cause),
    state=words(*State),
    is_open=YES_NO,
    why=words("", POLICY, *sorted(OWN_WORDS)),
    opened_at=STAMP,
    began_at=MAYBE_STAMP,
    ended_at=MAYBE_STAMP,
    incident=MAYBE,
    host=MAYBE,
    destination=MAYBE,
    reason=MAYBE,
)

RECOVERY_OPERATIONS: tuple[Operation, ...] = (
    (
        "get",
        f"{MOUNT}/recoveries",
        "List what became of the servers of the token's project, newest first.",
        200,
        thing(recoveries=many(ref("Recovery")), next_marker=MAYBE),
    ),
    (
        "get",
        f"{MOUNT}/recoveries/{{recovery}}",
        "Show what became of one of them.",
        200,
        thing(recovery=ref("Recovery")),
    ),
)

RECOVERY_QUERIES: Mapping[str, Mapping[str, Schema]] = {
    f"{MOUNT}/recoveries": {
        "server": TEXT,
        "state": words(*State),
        "open": YES_NO,
        "limit": {"type": "integer", "minimum": 1},
        "marker": TEXT,
    },
}
