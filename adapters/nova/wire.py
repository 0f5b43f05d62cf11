"""Carries requests to Nova and Keystone: threads, time-outs, tokens, microversions, and which error means what.

The three answers other than a reply: CloudAway (surely not carried out, or only a read), CloudUnsure (a call that may
have been carried out, or may still be), CloudRefused (they said no). It knows no URL of theirs.
"""

import asyncio
import ssl
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import requests
import urllib3.exceptions
from keystoneauth1 import exceptions as keystone
from keystoneauth1.adapter import Adapter

from kasugai.adapters.nova.forbidden import Forbidden
from kasugai.adapters.nova.sentences import sentence
from kasugai.adapters.nova.session import BadCloud, Service, causes, explain_login, one_line
from kasugai.adapters.nova.ticket import Ticket
from kasugai.core.recovering.doors import CloudAway, CloudRefused, CloudUnsure

Microversion = tuple[int, int]

P = ParamSpec("P")
T = TypeVar("T")

CONNECT = 10.0
"""Seconds for a connection at most: a host that is down need not cost the whole time-out."""

LOG_IN = 3
"""A login is discovery, a token and Nova's version document: three requests, each with a time-out of its own."""

NEVER_SENT = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    requests.exceptions.ConnectTimeout,
    ssl.SSLCertVerificationError,
)
"""Errors that arise before the first byte of a request."""

UNREADABLE = ("X509", "PEM")
"""The parts of OpenSSL that say that the file of the authorities is none, before there is a connection."""

GARBLED = (LookupError, ValueError, TypeError, AttributeError)
"""How keystoneauth fails at an answer that is JSON but not Keystone's: what stands before it speaks for it."""

MICROVERSIONS = {Service.PLACEMENT: "1.29"}
"""What others than Nova are asked in: Placement names the root of each provider from 1.29 on (Rocky)."""
FORBIDDEN = 403
NOT_CARRIED_OUT = (401, 429, 503)
"""Statuses that say: not now. Nova, or what stands before it, did nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request. The microversion is the highest that Nova knows between the two."""

    method: str
    path: str
    lowest: Microversion
    highest: Microversion
    params: Mapping[str, str] = field(default_factory=dict)
    body: object = None
    service: Service = Service.NOVA
    """Who is asked. Requests to others say what Nova must know all the same."""

    @property
    def is_read(self) -> bool:
        """Whether it changes nothing."""
        return self.method == "GET"

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A reply with a good status."""

    body: Mapping[str, Any]
    date: str | None
    """The Date header."""


def understood(read: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Make a read that fails at an answer of another form than its server's raise CloudAway: something stands before
    the server, or is it."""

    @wraps(read)
    async def reading(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await read(*args, **kwargs)
        except (*GARBLED, ArithmeticError) as error:
            raise CloudAway(
                f"the answer to {read.__name__} is not OpenStack's: {type(error).__name__}"
            ) from error

    return reading


class Wire:
    """One cloud's Nova, and its Keystone."""

    def __init__(
        self, adapters: Mapping[Service, Adapter], where: str, *, client: float, threads: int
    ) -> None:
        """Give each request up after `client` seconds; at most `threads` are on their way at a time."""
        self._adapter = adapters[Service.NOVA]
        self._adapters = adapters
        self._where = where
        self._client = client
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="nova")
        self._newest: Microversion | None = None
        self._forbidden = Forbidden()

    async def send(self, ask: Ask) -> Reply:
        """Send it, at most once, and return the reply; CloudAway, CloudUnsure or CloudRefused otherwise.

        A caller that is cancelled or out of time while its request waits for a thread or a token has sent nothing."""
        if ask.is_read:
            self._forbidden.require_due(ask.path)
        ticket = Ticket(self._client)
        sending = asyncio.wrap_future(self._threads.submit(self._send, ask, ticket))
        try:
            async with asyncio.timeout(self._client):
                reply = await sending
        except CloudRefused as no:
            if ask.is_read and no.status == FORBIDDEN:
                self._forbidden.note(ask.path, no)
            raise
        except TimeoutError:
            raise self._unanswered(ask, was_sent=ticket.give_up()) from None
        except asyncio.CancelledError:
            ticket.give_up()
            raise
        self._forbidden.forget(ask.path)
        return reply

    async def log_in(self) -> Microversion:
        """Log in without asking anything, and return Nova's newest microversion; BadCloud or CloudAway.

        Bounded here too: keystoneauth 5.18 waits for itself for ever when auth_url answers its discovery with 401."""
        try:
            async with asyncio.timeout(LOG_IN * self._client):
                return await asyncio.wrap_future(self._threads.submit(self._log_in))
        except TimeoutError:
            raise CloudAway(f"{self._where}: no login within {LOG_IN * self._client:g} s") from None

    async def user_id(self) -> str:
        """Return the id of the user that we speak as, which the token tells: nothing is sent while it is good.

        CloudAway when Keystone does not say, for nobody could tell then what is ours."""
        try:
            async with asyncio.timeout(LOG_IN * self._client):
                found = await asyncio.wrap_future(self._threads.submit(self._adapter.get_user_id))
        except TimeoutError:
            raise CloudAway(f"{self._where}: no login within {LOG_IN * self._client:g} s") from None
        except (keystone.ClientException, OSError, *GARBLED) as error:
            raise CloudAway(f"{self._where}: {one_line(error)}") from None
        if not (isinstance(found, str) and found):
            raise CloudAway(
                f"{self._where}: Keystone does not say which user this is, so that nobody could tell our stops of "
                "guests from their users': let [nova] log in with a password or an application credential"
            )
        return found

    def close(self) -> None:
        """Send nothing more. What is on its way ends with its time-out."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._adapter.session.session.close()

    def _log_in(self) -> Microversion:
        """Get a token if there is none, and read Nova's version document once."""
        try:
            self._adapter.get_token()
            if self._newest is None:
                self._newest = self._read_newest()
        except (keystone.ClientException, OSError, *GARBLED) as error:
            raise explain_login(error, self._where) from None
        return self._newest

    def _read_newest(self) -> Microversion:
        found = self._adapter.get_endpoint_data()
        if found is None:
            raise keystone.EndpointNotFound("no compute endpoint")
        if found.max_microversion is None:
            raise CloudAway(f"{self._where}: Nova's version document cannot be read")
        return int(found.max_microversion[0]), int(found.max_microversion[1])

    def _send(self, ask: Ask, ticket: Ticket) -> Reply:
        """Send it in a thread; once more with a new token if Nova refuses the old one."""
        response = self._send_once(ask, ticket)
        if response.status_code == 401:
            ticket.take_back()
            self._adapter.invalidate()
            response = self._send_once(ask, ticket)
        return self._judge(ask, response)

    def _send_once(self, ask: Ask, ticket: Ticket) -> requests.Response:
        version = self._microversion(ask)
        left = ticket.send()
        try:
            return self._adapters[ask.service].request(
                ask.path,
                ask.method,
                params=dict(ask.params),
                json=ask.body,
                microversion=version if ask.service is Service.NOVA else MICROVERSIONS.get(ask.service),
                raise_exc=False,
                allow_reauth=False,
                redirect=False,
                timeout=(min(left, CONNECT), left),
            )
        except keystone.ClientException as error:
            if ask.service is not Service.NOVA and isinstance(error, keystone.EndpointNotFound):
                raise CloudRefused(404, one_line(error)) from None  # Nova's 404 would mean: gone
            if any(map(_is_before_sending, causes(error))):
                raise CloudAway(one_line(error)) from None
            raise self._lost(ask, one_line(error)) from None
        except OSError as error:  # requests' own look at the file of the authorities
            raise CloudAway(f"{self._where}: {one_line(error)}") from None
        except GARBLED as error:  # the catalog, before the request
            raise explain_login(error, self._where) from None

    def _microversion(self, ask: Ask) -> str:
        try:
            newest = self._log_in()
        except BadCloud as error:
            raise CloudAway(str(error)) from None
        if newest < ask.lowest:
            raise CloudAway(
                f"{self._where}: Nova knows {_dotted(newest)}, {ask.name} needs {_dotted(ask.lowest)}"
            )
        return _dotted(min(newest, ask.highest))

    def _judge(self, ask: Ask, response: requests.Response) -> Reply:
        status = response.status_code
        if 200 <= status < 300:
            return Reply(body=_json(ask, response), date=response.headers.get("Date"))
        message = _message(response)
        if status in NOT_CARRIED_OUT:
            raise CloudAway(f"{ask.name}: {status} {message}")
        if status < 500:
            raise CloudRefused(status, message)
        raise self._lost(ask, f"{ask.name}: {status} {message}")

    def _unanswered(self, ask: Ask, *, was_sent: bool) -> CloudAway | CloudUnsure:
        if not was_sent:
            return CloudAway(f"{ask.name}: not sent within {self._client:g} s")
        return self._lost(ask, f"{ask.name}: no answer within {self._client:g} s")

    @staticmethod
    def _lost(ask: Ask, message: str) -> CloudAway | CloudUnsure:
        return CloudAway(message) if ask.is_read else CloudUnsure(message)


def _is_before_sending(cause: BaseException) -> bool:
    """Whether it arose before the first byte of a request."""
    unreadable = isinstance(cause, ssl.SSLError) and cause.library in UNREADABLE
    return unreadable or isinstance(cause, NEVER_SENT)


def _json(ask: Ask, response: requests.Response) -> Mapping[str, Any]:
    """Return the body; a call's may be empty or anything."""
    try:
        body = response.json()
    except (requests.exceptions.JSONDecodeError, RecursionError):
        body = None
    if isinstance(body, dict):
        return body
    if ask.is_read:
        raise CloudAway(f"{ask.name}: the answer is not OpenStack's")
    return {}


def _message(response: requests.Response) -> str:
    """Return the sentence in Nova's error body, or in Placement's list of errors, or HTTP's, fit to be said."""
    try:
        error = next(iter(response.json().values()))
        return sentence(error[0]["detail"] if isinstance(error, list) else error["message"])
    except (ValueError, AttributeError, StopIteration, LookupError, TypeError, RecursionError):
        return sentence(response.reason)


def _dotted(version: Microversion) -> str:
    return f"{version[0]}.{version[1]}"
