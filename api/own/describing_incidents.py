"""What the OpenAPI document says of incidents, of why they are, and of what is ordered about them."""

from collections.abc import Mapping

from kasugai.api.own.commands import BODY as COMMAND
from kasugai.api.own.describing import (
    MAYBE,
    MAYBE_STAMP,
    STAMP,
    TEXT,
    WHOLE,
    YES_NO,
    Operation,
    Schema,
    many,
    ref,
    thing,
    words,
)
from kasugai.api.own.links import BODY as LINK
from kasugai.api.own.rules import MOUNT
from kasugai.core.words.facts import StepState
from kasugai.core.words.incident import Phase
from kasugai.core.words.subject import INCIDENT_KINDS
from kasugai.core.words.verdicts import Reason, Verb

INCIDENTS: Mapping[str, Schema] = {
    "Incident": thing(
        incident=TEXT,
        kind=words(*INCIDENT_KINDS),
        subject=TEXT,
        name=TEXT,
        host=TEXT,
        host_uuid=TEXT,
        segment=TEXT,
        segment_id=TEXT,
        phase=words(*Phase),
        is_open=YES_NO,
        why=TEXT,
        opened_at=STAMP,
        closed_at=MAYBE_STAMP,
        updated_at=STAMP,
        attempt=WHOLE,
        epoch=WHOLE,
        instances=thing(total=WHOLE, done=WHOLE, left=many(thing(instance=TEXT, reason=TEXT))),
        notifications=many(TEXT),
    ),
    "Plan": thing(
        incident=TEXT,
        attempt=WHOLE,
        steps=many(
            thing(
                step=TEXT,
                action=TEXT,
                subject=TEXT,
                name=TEXT,
                needs=many(TEXT),
                state=words("waiting", *StepState),
                tries=WHOLE,
                reason=TEXT,
                destination=MAYBE,
                disks=MAYBE,
                began_at=MAYBE_STAMP,
                ended_at=MAYBE_STAMP,
            )
        ),
    ),
    "Line": thing(at=STAMP, actor=TEXT, sentence=TEXT),
    "Verdict": thing(
        verdict=TEXT,
        at=STAMP,
        subject=TEXT,
        segment_id=TEXT,
        verb=words(*Verb),
        reason=words(*Reason),
        meaning=TEXT,
        also=many(words(*Reason)),
        detail=TEXT,
        hosts=many(TEXT),
        incident=MAYBE,
        evidence=many(thing(event_id=TEXT, observer=TEXT, symptom=TEXT, episode=TEXT)),
        count=WHOLE,
    ),
    "Command": {
        "type": "object",
        "properties": {"command_id": TEXT, "order": TEXT, "segment": TEXT, "author": TEXT, "reason": TEXT},
        "required": ["command_id", "order", "segment", "author", "reason"],
    },
}

INCIDENT_OPERATIONS: tuple[Operation, ...] = (
    (
        "get",
        f"{MOUNT}/incidents",
        "List incidents, newest first.",
        200,
        thing(incidents=many(ref("Incident")), next_marker=MAYBE),
    ),
    ("get", f"{MOUNT}/incidents/{{incident}}", "Show an incident.", 200, thing(incident=ref("Incident"))),
    (
        "get",
        f"{MOUNT}/incidents/{{incident}}/plan",
        "Show its plan and each step's state.",
        200,
        thing(plan=ref("Plan")),
    ),
    (
        "get",
        f"{MOUNT}/incidents/{{incident}}/timeline",
        "Tell its story.",
        200,
        thing(timeline=many(ref("Line"))),
    ),
    (
        "get",
        f"{MOUNT}/verdicts",
        "Say why, and why not: what was decided about a subject.",
        200,
        thing(verdicts=many(ref("Verdict"))),
    ),
    ("post", f"{MOUNT}/commands", "Order something, with a reason.", 202, thing(command=ref("Command"))),
    (
        "post",
        f"{MOUNT}/links/{{link}}",
        "Order what a message's link offers, with a token; the second time it is the same command.",
        202,
        thing(command=ref("Command")),
    ),
)

INCIDENT_BODIES: Mapping[tuple[str, str], Schema] = {
    ("post", f"{MOUNT}/commands"): COMMAND,
    ("post", f"{MOUNT}/links/{{link}}"): LINK,
}

INCIDENT_QUERIES: Mapping[str, Mapping[str, Schema]] = {
    f"{MOUNT}/incidents": {
        "kind": words(*INCIDENT_KINDS),
        "host": TEXT,
        "segment": TEXT,
        "phase": words(*Phase),
        "open": YES_NO,
        "limit": {"type": "integer", "minimum": 1},
        "marker": TEXT,
    },
    f"{MOUNT}/verdicts": {"subject": TEXT | {"minLength": 1}, "limit": {"type": "integer", "minimum": 1}},
}
