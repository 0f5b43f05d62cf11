"""What the OpenAPI document says of /explain."""

from collections.abc import Mapping

from kasugai.api.own.describing import MAYBE, TEXT, YES_NO, Operation, Schema, many, ref, thing, words
from kasugai.api.own.rules import MOUNT
from kasugai.core.telling.host_states import IN_SERVICE, ON_PROBATION, OUT, RETIRED
from kasugai.core.telling.numbers import UNKNOWN
from kasugai.core.telling.protection import Unprotected
from kasugai.core.words.incident import Phase

STANDING: Schema = thing(
    host=TEXT,
    segment=MAYBE,
    state=words(IN_SERVICE, OUT, ON_PROBATION, RETIRED, UNKNOWN, *Phase),
    protected=YES_NO,
    reason={"enum": [None, *map(str, Unprotected)]},
    meaning=MAYBE,
)

EXPLAIN_OPERATIONS: tuple[Operation, ...] = (
    (
        "get",
        f"{MOUNT}/explain",
        "Explain a subject: how it stands, and why and why not.",
        200,
        thing(
            explain=thing(
                subject=TEXT,
                sentences=many(TEXT),
                standing={"anyOf": [ref("Standing"), {"type": "null"}]},
                verdicts=many(ref("Verdict")),
                plans=many(ref("Plan")),
            )
        ),
    ),
)

EXPLAIN_QUERIES: Mapping[str, Mapping[str, Schema]] = {
    f"{MOUNT}/explain": {"subject": TEXT | {"minLength": 1}, "limit": {"type": "integer", "minimum": 1}},
}
