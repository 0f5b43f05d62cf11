"""The door for Alertmanager's webhook: POST /alerts with a bearer token, JSON within a bound; all else is told no.

On loopback a token may be left away; elsewhere it may not. Whatever is sent gives an answer with a reason: 400 for what
is no message, 401 without the token, 413 for too much.
"""

import hmac
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.typedefs import Handler

from kasugai.adapters.settings.exposure import is_loopback
from kasugai.adapters.telemetry.meters import count
from kasugai.adapters.telemetry.observer_metrics import OBSERVED_POSTS
from kasugai.adapters.web import Unanswered, token_of
from kasugai.observers.alerts import AlertWatch, BadPost, read_post

LOG = logging.getLogger(__name__)

LARGEST = 4 * 1024 * 1024
"""Bytes of one message: 5,000 alerts with 800 each."""
PATH = "/alerts"


class CannotReceive(Exception):
    """The door cannot be opened as it is described. One line: setting, reason, remedy."""


class Receiver:
    """What is behind the door."""

    def __init__(self, watches: Sequence[AlertWatch], label: str, token_file: str) -> None:
        """Hand what is sent to `watches`; `label` names the host. The token is read anew for each message."""
        self._watches = watches
        self._label = label
        self._token_file = token_file

    async def post(self, request: web.Request) -> web.Response:
        """Answer one message."""
        try:
            self._check(request)
            post = read_post(await request.read(), self._label)
        except PermissionError as error:
            return _no(401, str(error), {"WWW-Authenticate": "Bearer"})
        except Unanswered as error:
            LOG.critical("Alertmanager's message was not taken: %s", error)
            return _no(503, "the receiver cannot read its own token, see its log")
        except BadPost as error:
            LOG.warning("a message to %s was not taken: %s", PATH, error)
            return _no(400, str(error))
        dropped = sum(watch.take(post) for watch in self._watches)
        if dropped:
            LOG.error("%d alerts found no room: do all of these alerts mean a host?", dropped)
        count(OBSERVED_POSTS, outcome="taken")
        return web.json_response({"taken": len(post.alerts) - dropped, "without_host": post.nameless})

    def _check(self, request: web.Request) -> None:
        """PermissionError without the token."""
        if not self._token_file:
            return
        said = request.headers.get("Authorization", "")
        if not hmac.compare_digest(
            said.encode(errors="replace"), f"Bearer {token_of(self._token_file)}".encode()
        ):
            raise PermissionError("the bearer token is missing or wrong: see [observe] webhook_token_file")


def _no(status: int, why: str, headers: dict[str, str] | None = None) -> web.Response:
    count(OBSERVED_POSTS, outcome="refused")
    return web.json_response({"error": why}, status=status, headers=headers)


@web.middleware
async def refuse_politely(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Say in JSON what aiohttp refuses, too."""
    try:
        return await handler(request)
    except web.HTTPRequestEntityTooLarge:
        return _no(413, f"a message has {LARGEST} bytes at most: set max_alerts at the receiver")
    except web.HTTPException as error:
        return _no(error.status, f"POST {PATH} belongs here")


@asynccontextmanager
async def receiving(receiver: Receiver, bind: str, port: int, token_file: str) -> AsyncIterator[str]:
    """Keep the door open for the length of the block, and give its address; CannotReceive."""
    if not token_file and not is_loopback(bind):
        raise CannotReceive(
            f"[observe] webhook_bind = {bind}: whoever reaches it could call hosts dead; write a token into a file "
            "(openssl rand -hex 32) and name it in webhook_token_file, or bind 127.0.0.1"
        )
    app = web.Application(client_max_size=LARGEST, middlewares=[refuse_politely])
    app.router.add_post(PATH, receiver.post)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        address = await _open(runner, bind, port)
        LOG.info("alerts are taken at %s", address)
        yield address
    finally:
        await runner.cleanup()


async def _open(runner: web.AppRunner, bind: str, port: int) -> str:
    try:
        await web.TCPSite(runner, bind, port).start()
    except OSError as error:
        raise CannotReceive(
            f"[observe] webhook_bind, webhook_port: {bind}:{port} cannot be listened on: {error.strerror}"
        ) from error
    host, real, *_ = runner.addresses[0]
    return f"http://{f'[{host}]' if ':' in host else host}:{real}{PATH}"
