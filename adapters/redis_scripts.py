"""Runs the Lua scripts of adapters/lua and says in two words how Redis can fail: it is away, or something is wrong.

It knows nothing of what the scripts do. Nothing is repeated here but what Redis certainly did not run (NOSCRIPT).
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Protocol

from redis import exceptions

from kasugai.core.recovering.doors import LedgerAway

AWAY = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.ClusterError,
    exceptions.RedisClusterException,
    OSError,
    TimeoutError,
)
"""No answer (Sentinel without a master, a wrong password and a loading server are ConnectionErrors too)."""

AWAY_FOR_NOW = (exceptions.ReadOnlyError, exceptions.OutOfMemoryError, exceptions.TryAgainError)
"""A server that takes no writes at present. Others of this kind have no class in redis-py, only a code in the text."""

AWAY_BY_CODE = re.compile(
    r"\b(READONLY|LOADING|MISCONF|NOREPLICAS|BUSY|OOM|MASTERDOWN|CLUSTERDOWN|TRYAGAIN)\b"
)

LACKS_A_RIGHT = re.compile(r"no permissions|user executing the script can't|ACL failure")
"""What Redis 7.0 and later say when the user's ACL does not suffice, which somebody will mend; also inside scripts."""


class Client(Protocol):
    """What the ledger needs of redis.asyncio's Redis: scripts, and reads of a single key."""

    def evalsha(self, sha: str, numkeys: int, *keys_and_args: str | int) -> Awaitable[Any]:
        """Run a script that Redis has."""
        ...

    def eval(self, script: str, numkeys: int, *keys_and_args: str | int) -> Awaitable[Any]:
        """Run a script and keep it."""
        ...

    def scan_iter(self, *, match: str, count: int) -> AsyncIterator[Any]:
        """Go through the keys that match, `count` at a time."""
        ...

    def aclose(self) -> Awaitable[None]:
        """Close the connections."""
        ...


@dataclass(frozen=True, slots=True)
class Script:
    """One file of adapters/lua behind the shared rules."""

    source: str
    sha: str

    async def run(self, client: Client, keys: list[str], *args: str | int) -> Any:
        """Return the script's answer. After FLUSHALL, SCRIPT FLUSH or a restart Redis does not know it: it is sent."""
        try:
            return await client.evalsha(self.sha, len(keys), *keys, *args)
        except exceptions.NoScriptError:
            return await client.eval(self.source, len(keys), *keys, *args)


@cache
def script(name: str) -> Script:
    """Return the script adapters/lua/`name`.lua."""
    source = _read("rules") + "\n" + _read(name)
    return Script(source, hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest())


@asynccontextmanager
async def answering(limit: float) -> AsyncIterator[None]:
    """Give what is done inside `limit` seconds in all; LedgerAway when Redis does not answer, or takes no writes."""
    try:
        with answering_now():
            async with asyncio.timeout(limit):
                yield
    except TimeoutError as error:
        raise _away(error) from error


@contextmanager
def answering_now() -> Iterator[None]:
    """Say what Redis' errors mean: LedgerAway when it does not answer or takes no writes."""
    try:
        yield
    except (*AWAY, *AWAY_FOR_NOW) as error:
        raise _away(error) from error
    except exceptions.ResponseError as error:
        if AWAY_BY_CODE.search(str(error)) or LACKS_A_RIGHT.search(str(error)):
            raise _away(error) from error
        raise


def _away(error: Exception) -> LedgerAway:
    line = f"Redis does not serve the ledger: {type(error).__name__}: {_said(error)}"
    return LedgerAway(f"{line}: see docs/operators/connections.md")


def _said(error: Exception) -> str:
    """What Redis or its client says, in one line and without the client's description of itself."""
    line, _, _ = str(error).partition("\n")
    line, _, _ = line.partition(" : <")  # redis-py tells how it asked each sentinel
    return line or "no answer in time"


def _read(name: str) -> str:
    return resources.files("kasugai.adapters").joinpath("lua", f"{name}.lua").read_text(encoding="utf-8")
