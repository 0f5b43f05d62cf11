"""Carries one HTTP request over the cloud's simulated wire, whichever service it is for."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from kasugai.sim.cloud.model import Answer, Refused
from kasugai.sim.cloud.wire import BrokenOff, NoConnection, Request, Wire
from kasugai.sim.http.server import HangUp, HttpReply

Act = Callable[[], Answer[HttpReply]]

Error = Callable[[int, str], Mapping[str, Any]]
"""Writes an error's body as the service does."""


REQUEST_ID = "X-OpenStack-Request-Id"


def named(request_id: str) -> dict[str, str]:
    """Return the header that tells Nova's own id of a request; none for an empty one."""
    return {REQUEST_ID: request_id} if request_id else {}


async def carry(wire: Wire, note: Request, act: Act, error: Error) -> HttpReply:
    """Send it over the simulated wire; a lost reply is waited for until the client hangs up."""
    answer: asyncio.Future[HttpReply] = asyncio.get_running_loop().create_future()

    def settle(value: HttpReply | Exception) -> None:
        if answer.done():
            return
        match value:
            case HttpReply():
                answer.set_result(value)
            case Refused(status=status, message=message, request_id=request_id):
                headers = named(request_id)
                answer.set_result(HttpReply(status=status, body=error(status, message), headers=headers))
            case NoConnection() | BrokenOff():
                answer.set_exception(HangUp())
            case _:
                answer.set_exception(value)

    wire.send(note, act, settle)
    return await answer
