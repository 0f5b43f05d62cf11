"""A connection to the system bus: calls with a time-out, signals to whoever asked for them, and an end that is noticed.

jeepney knows D-Bus' bytes; its own router drops signals of which too many come at once, and tells nobody who waits for
one that the bus has gone.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from jeepney import DBusAddress, HeaderFields, MatchRule, Message, MessageType, message_bus, new_method_call
from jeepney.io.asyncio import DBusConnection, open_dbus_connection

SYSTEM = "SYSTEM"
"""The system bus: `DBUS_SYSTEM_BUS_ADDRESS`, or where it always is."""
PATIENCE = 10.0
"""Seconds that a call may take."""


class BusAway(Exception):
    """There is no bus, or it does not answer. One line."""


class Refused(Exception):
    """The service said no, by D-Bus' name for the error."""

    def __init__(self, name: str, text: str) -> None:
        """`name` is org.freedesktop..., `text` is for people."""
        super().__init__(f"{name}: {text}")
        self.name = name


class Bus:
    """One connection."""

    def __init__(self, connection: DBusConnection) -> None:
        """Use a connection that has said hello."""
        self._connection = connection
        self._waiting: dict[int, asyncio.Future[Message]] = {}
        self._heard: list[tuple[MatchRule, Callable[[Message], None]]] = []
        self._reading = asyncio.create_task(self._read())

    async def call(
        self, to: DBusAddress, method: str, signature: str = "", *arguments: Any
    ) -> tuple[Any, ...]:
        """Call a method and return its answer; raise Refused or BusAway."""
        message = new_method_call(to, method, signature or None, arguments)
        return await self._asked(message)

    async def hear(
        self,
        heard: Callable[[Message], None],
        *,
        sender: str,
        interface: str,
        member: str,
        path: str | None = None,
        first: str | None = None,
    ) -> None:
        """Let `heard` be called with each such signal of a service; `first` is the first thing that it says. Signals
        carry the sender's own name and not its known one, so that is compared by the bus alone."""
        wide = MatchRule(type="signal", interface=interface, member=member, path=path)
        narrow = MatchRule(type="signal", sender=sender, interface=interface, member=member, path=path)
        if first is not None:
            wide.add_arg_condition(0, first)
            narrow.add_arg_condition(0, first)
        self._heard.append((wide, heard))
        await self._asked(message_bus.AddMatch(narrow))

    async def ended(self) -> None:
        """Return when the bus has gone."""
        with suppress(Exception):
            await asyncio.shield(self._reading)

    async def close(self) -> None:
        """End the connection."""
        self._reading.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await self._reading
        with suppress(OSError):
            await self._connection.close()

    async def _asked(self, message: Message) -> tuple[Any, ...]:
        serial = next(self._connection.outgoing_serial)
        answer = self._waiting[serial] = asyncio.get_running_loop().create_future()
        try:
            if self._reading.done():
                raise BusAway("the bus has ended the connection")
            async with asyncio.timeout(PATIENCE):
                await self._connection.send(message, serial=serial)
                return _body(await answer)
        except TimeoutError:
            raise BusAway(f"no answer within {PATIENCE:.0f} s") from None
        except OSError as error:
            raise BusAway(f"the bus has gone: {error}") from error
        finally:
            del self._waiting[serial]

    async def _read(self) -> None:
        try:
            while True:
                self._take(await self._connection.receive())
        except (EOFError, OSError):
            return
        finally:
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(BusAway("the bus has ended the connection"))

    def _take(self, message: Message) -> None:
        answer = self._waiting.get(message.header.fields.get(HeaderFields.reply_serial, -1))
        if answer is not None:
            if not answer.done():
                answer.set_result(message)
            return
        for rule, heard in self._heard:
            if rule.matches(message):
                heard(message)


@asynccontextmanager
async def opened(address: str = SYSTEM) -> AsyncIterator[Bus]:
    """Yield a connection; raise BusAway when there is no bus."""
    try:
        async with asyncio.timeout(PATIENCE):
            connection = await open_dbus_connection(address)
    except TimeoutError:
        raise BusAway(f"the system bus does not let us in within {PATIENCE:.0f} s") from None
    except (OSError, EOFError, RuntimeError, KeyError) as error:
        raise BusAway(f"there is no system bus ({error})") from error
    bus = Bus(connection)
    try:
        yield bus
    finally:
        await bus.close()


def _body(answer: Message) -> tuple[Any, ...]:
    body = answer.body or ()
    if answer.header.message_type is MessageType.error:
        name = answer.header.fields.get(HeaderFields.error_name, "an error without a name")
        raise Refused(name, str(body[0]) if body else "no reason given")
    return tuple(body)
