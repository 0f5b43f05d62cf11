"""/links/{link}: an order that a message offered, given by whoever follows its link and may.

The signature says what is ordered, and that we offered it; who orders it, and whether he may, is asked of Keystone and
policy as for every command. The command's id follows from the link, so a second click is the first one's command.
"""

import json
from collections.abc import Sequence

import falcon

from kasugai.adapters.links import BadLink, Expired, Order, check, command_id
from kasugai.api.bodies import parsed, valid
from kasugai.api.errors import ApiError, bad_request
from kasugai.api.forms import Form
from kasugai.api.handling import Doors, Resource, answer, caller_of
from kasugai.api.own.rules import PREFIX
from kasugai.api.policies import Policy
from kasugai.core.words.signals import Command
from kasugai.schemas.plain import to_json

GONE = 410

BODY = {
    "type": "object",
    "properties": {"reason": {"type": "string", "minLength": 1, "maxLength": 1000, "pattern": "\\S"}},
    "additionalProperties": False,
}
_VALID = Form(BODY)


class Link(Resource):
    """One link."""

    def __init__(self, doors: Doors, policy: Policy, highest_limit: int, keys: Sequence[bytes]) -> None:
        """Believe what one of `keys` has signed; without keys there are no links."""
        super().__init__(doors, policy, highest_limit)
        self._keys = keys

    def on_post(self, req: falcon.Request, resp: falcon.Response, link: str) -> None:
        """Publish its command, and answer 202 with it when Kafka has acknowledged."""
        said = valid(parsed(req.bounded_stream.read() or b"{}"), _VALID)
        ordered = self._checked(link)
        self.enforce(req, f"{PREFIX}commands:{ordered.order}")
        command = Command(
            command_id=command_id(link),
            order=ordered.order,
            limit=ordered.limit,
            segment=ordered.segment,
            subject=ordered.subject,
            incident=ordered.incident,
            author=str(caller_of(req).credentials.get("user_id") or "unknown")[:255],
            reason=said.get("reason", "").strip() or f"by the link of verdict {ordered.verdict}",
        )
        self.doors.orders.order(command)
        answer(resp, json.dumps({"command": to_json(command)}).encode(), 202)

    def _checked(self, link: str) -> Order:
        try:
            return check(link, self._keys, self.doors.wall.now())
        except Expired as error:
            raise ApiError(GONE, str(error)) from None
        except BadLink as error:
            raise bad_request(str(error)) from None
