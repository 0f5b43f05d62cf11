"""POST /servers/ID/metadata: items of a guest's metadata."""

from collections.abc import Mapping
from typing import Any

from kasugai.sim.cloud.guests import Guests
from kasugai.sim.cloud.model import Answer
from kasugai.sim.http.server import HttpReply


def set_metadata(guests: Guests, uuid: str, body: Mapping[str, Any]) -> Answer[HttpReply]:
    """Write the items that are named; the others stay."""
    answer = guests.set_metadata(uuid, body["metadata"])
    return Answer(HttpReply(body={"metadata": answer.value}), answer.took)
