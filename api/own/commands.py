"""/commands: what a person orders, published to kasugai.commands and answered when Kafka has it.

Whether an order fits is correlate's to decide: its answer is a verdict about the subject.
"""

import json
from typing import Any
from uuid import UUID

import falcon

from kasugai.adapters.inventory import Inventory
from kasugai.api.bodies import parsed, valid
from kasugai.api.errors import bad_request, not_found
from kasugai.api.forms import Form
from kasugai.api.handling import Resource, answer, caller_of
from kasugai.api.own.rules import PREFIX
from kasugai.core.words.signals import Command, Instruction, Limit
from kasugai.core.words.subject import Kind, Subject, host_subject
from kasugai.schemas.plain import to_json

TEXT = {"type": "string", "minLength": 1, "maxLength": 255}
UUID_FORM = {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\Z"}

FIELDS: dict[str, Any] = {
    "order": {"type": "string", "enum": [str(order) for order in Instruction]},
    "reason": {"type": "string", "minLength": 1, "maxLength": 1000, "pattern": "\\S"},
    "segment": TEXT,
    "host": TEXT,
    "incident": UUID_FORM,
    "limit": {"type": "string", "enum": [str(limit) for limit in Limit]},
    "up_to": {"type": "integer", "minimum": 0, "maximum": 100_000},
    "at_once": {"type": "boolean"},
    "id": UUID_FORM,
}
BODY = {
    "type": "object",
    "properties": {
        "command": {
            "type": "object",
            "properties": FIELDS,
            "required": ["order", "reason"],
            "oneOf": [{"required": ["segment"]}, {"required": ["host"]}, {"required": ["incident"]}],
            "additionalProperties": False,
        }
    },
    "required": ["command"],
    "additionalProperties": False,
}
_VALID = Form(BODY)

SEGMENT_ONLY = (Instruction.ARM, Instruction.DISARM, Instruction.BEGIN_STOP, Instruction.END_STOP)
HOST_ONLY = (Instruction.HOLD, Instruction.CANCEL, Instruction.RETRY, Instruction.RETIRE)


class Commands(Resource):
    """The orders."""

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Publish one, and answer 202 with it when Kafka has acknowledged."""
        said = valid(parsed(req.bounded_stream.read()), _VALID)["command"]
        self.enforce(req, f"{PREFIX}commands:{said['order']}")
        command = self._command(said, self._author(req))
        self.doors.orders.order(command)
        answer(resp, json.dumps({"command": to_json(command)}).encode(), 202)

    def _author(self, req: falcon.Request) -> str:
        credentials = caller_of(req).credentials
        return str(credentials.get("user_id") or "unknown")[:255]

    def _command(self, said: dict[str, Any], author: str) -> Command:
        _fit(said)
        return Command(
            command_id=UUID(said.get("id") or self.doors.wall.new_uuid()),
            order=Instruction(said["order"]),
            limit=Limit(said["limit"]) if "limit" in said else None,
            up_to=int(said.get("up_to", 0)),
            at_once=bool(said.get("at_once", False)),
            author=author,
            reason=said["reason"].strip(),
            **self._about(said),
        )

    def _about(self, said: dict[str, Any]) -> dict[str, Any]:
        """Return whom it concerns, as fields of a command; ApiError 404 for what nobody knows."""
        if "incident" in said:
            view = self.require_views().incident(said["incident"])
            if view is None:
                raise not_found("incident", said["incident"])
            about = Subject(kind=Kind(view.kind), host=view.host, detail=view.detail)
            return {"segment": view.segment, "subject": about, "incident": UUID(view.incident)}
        inventory = self.doors.registry.read()
        return _host(inventory, said["host"]) if "host" in said else _segment(inventory, said["segment"])


def _fit(said: dict[str, Any]) -> None:
    """ApiError 400 for words that do not go together."""
    order = Instruction(said["order"])
    if order in SEGMENT_ONLY and "segment" not in said:
        raise bad_request(f"{order} is about a segment: name it.")
    if order in HOST_ONLY and "segment" in said:
        raise bad_request(f"{order} is about a host or an incident: name it.")
    if (order is Instruction.APPROVE) != ("limit" in said):
        raise bad_request("approve names the limit that may be passed, and nothing else does.")
    if said.get("at_once") and order is not Instruction.END_STOP:
        raise bad_request("at_once goes with end-stop.")
    if said.get("up_to") and said.get("limit") != Limit.STORM:
        raise bad_request("up_to goes with limit storm.")
    if "segment" in said and said.get("limit") == Limit.STORM and not said.get("up_to"):
        raise bad_request("A segment's storm is approved up_to a number of unhealthy hosts: say how many.")


def _segment(inventory: Inventory, word: str) -> dict[str, Any]:
    for segment in inventory.segments():
        if word in (segment.segment_id, segment.name):
            return {"segment": segment.segment_id}
    raise not_found("failover segment", word)


def _host(inventory: Inventory, word: str) -> dict[str, Any]:
    host = inventory.host_named(word) or inventory.host(word)
    if host is None:
        raise not_found("host", word)
    return {"segment": host.segment_id, "subject": host_subject(host.name)}
