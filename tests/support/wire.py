"""A wire to a server that can be made slow or deaf, so that a test decides what happens to an answer."""

import asyncio
from contextlib import closing, suppress
from typing import Self


class Wire:
    """Forwards TCP on the loopback interface from `port`, a free one, to `target`."""

    def __init__(self, target: int) -> None:
        """Remember the server's port; `async with` opens the wire."""
        self.target = target
        self.port = 0
        self.delay = 0.0
        """Seconds that each answer stays on the wire."""
        self.deaf = False
        """Whether answers are thrown away."""
        self._pumps: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Open the wire."""
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Cut every connection."""
        self._server.close()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        await asyncio.sleep(0)  # the loop closes what the pumps have let go of

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, requests = await asyncio.open_connection("127.0.0.1", self.target)
        for pump in (self._forward(reader, requests), self._answer(answers, writer)):
            task = asyncio.ensure_future(pump)
            self._pumps.add(task)
            task.add_done_callback(self._pumps.discard)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(ConnectionError):
            while data := await reader.read(65536):
                await asyncio.sleep(self.delay)
                if not self.deaf:
                    writer.write(data)
