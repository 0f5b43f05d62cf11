"""Carries one HTTP request over the cloud's simulated wire, whichever service it is for."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from kasugai.sim.cloud.model import Answer, Refused
from kasugai.sim.cloud.wire import NoConnection, Request, Wire
from kasugai.sim.http.server import HangUp, HttpReply

Act = Callable[[], Answer[HttpReply]]

Error = Callable[[int, str], Mapping[str, Any]]
"""Writes an error's body as the service does."""


async def carry(wire: Wire, note: Request, act: Act, error: Error) -> HttpReply:
    """Send it over the simulated wire; a lost reply is waited for until the client hangs up."""
    answer: asyncio.Future[HttpReply] = asyncio.get_running_loop().create_future()

    def settle(value: HttpReply | Exception) -> None:
        if answer.done():
            return
        match value:
            case HttpReply():
                answer.set_result(value)
            case Refused(status=status, message=message):
                answer.set_result(HttpReply(status=status, body=error(status, message)))
            case NoConnection():
                answer.set_exception(HangUp())
            case _:
                answer.set_exception(value)

    wire.send(note, act, settle)
    return await answer
