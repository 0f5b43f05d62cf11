"""The third place where the `Cloud` port is played: a real Nova (tests/realnova), asked by our adapter over HTTP.

Between them stands the simulator's HTTP door: its Keystone and its Glance answer, its wire carries (and loses) what is
asked, and what is Nova's is forwarded, word for word.
"""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from email.utils import formatdate
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode

from kasugai.sim.child import Child, ServerFailedError
from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.model import Answer, Refused
from kasugai.sim.cloud.wire import BrokenOff, NoConnection, Request
from kasugai.sim.http.nova import OTHER, PREFIX, NovaApi
from kasugai.sim.http.placement import PREFIX as PLACEMENT
from kasugai.sim.http.placement import PlacementApi
from kasugai.sim.http.render import US
from kasugai.sim.http.server import HangUp, HttpReply, HttpRequest

REPO = Path(__file__).resolve().parents[2]
PYTHON = REPO / ".venv-nova" / "bin" / "python"
SERVING = re.compile(r"^serving http://(\S+):(\d+)$", re.MULTILINE)

PATIENCE = 60.0
"""Seconds for an answer to what is said past the adapter."""
VERSION = "2.93"
"""The microversion of operators and users."""
CARRIED_ON = ("openstack-api-version", "x-openstack-request-id", "x-openstack-nova-api-version", "location")
"""Headers of Nova's that reach the client."""


class Said(NamedTuple):
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: Any
    """None: it has none, or no JSON."""


class RealNova:
    """The process. It lives for many towns, one at a time."""

    def __init__(self) -> None:
        """Start it and wait until it serves: two seconds of one core."""
        if not PYTHON.exists():
            raise ServerFailedError("no environment with Nova's own code: type make nova-libs")
        self._folder = TemporaryDirectory(prefix="kasugai-nova-")
        self._log = Path(self._folder.name) / "log"
        self._child = Child([str(PYTHON), "-W", "ignore", "-m", "tests.realnova"], log=self._log)
        try:
            self._child.start(lambda: SERVING.search(self._log.read_text()) is not None)
        except ServerFailedError:
            self._folder.cleanup()
            raise
        found = SERVING.search(self._log.read_text())
        assert found is not None
        self.host, self.port = found.group(1), int(found.group(2))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.stop()
        self._folder.cleanup()

    @property
    def user_id(self) -> str:
        """As whom our adapter asks; operators and users are somebody else."""
        return US

    def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Said:
        """Send one request and return the answer, whatever it is."""
        connection = HTTPConnection(self.host, self.port, timeout=PATIENCE)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {"Content-Type": "application/json", **(headers or {})})
            response = connection.getresponse()
            found: Any = None
            with suppress(ValueError):
                found = json.loads(response.read())
            return Said(
                response.status, {name.lower(): value for name, value in response.getheaders()}, found
            )
        finally:
            connection.close()

    def say(self, verb: str, **words: object) -> Any:
        """Say a verb of the town's; AssertionError with the town's own traceback when it fails."""
        said = self.ask("POST", f"/town/{verb}", words)
        assert said.status == 200, (said.body or {}).get("error", said)
        return said.body["result"]

    def api(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        version: str = VERSION,
        headers: Mapping[str, str] | None = None,
    ) -> Said:
        """Ask Nova as an admin, past the wire."""
        return self.ask(
            method,
            f"{PREFIX}{path}",
            body,
            {"OpenStack-API-Version": f"compute {version}", **(headers or {})},
        )

    def done(self, method: str, path: str, body: object = None, **more: Any) -> Any:
        """Ask likewise, and return the body of the good answer that there has to be."""
        said = self.api(method, path, body, **more)
        assert 200 <= said.status < 300, said
        return said.body


class PlacementForwarder(PlacementApi):
    """Placement's place in the simulator's door, with the one of a real Nova behind it."""

    def __init__(self, cloud: SimCloud, accepts: Callable[[str], bool], nova: RealNova) -> None:
        """Forward to `nova`."""
        super().__init__(cloud, accepts)
        self._nova = nova

    async def respond(self, request: HttpRequest) -> HttpReply:
        """Carry a question there and its answer back; the version document is the simulator's."""
        path = request.path.removeprefix(PLACEMENT)
        if not path.strip("/"):
            return await super().respond(request)
        query = f"?{urlencode(request.query)}" if request.query else ""
        version = request.headers.get("openstack-api-version", "placement 1.0").removeprefix("placement ")
        ask = partial(self._nova.say, "ask_placement", path=path + query, version=version)
        said = await asyncio.get_running_loop().run_in_executor(None, ask)
        return HttpReply(status=said["status"], body=said["body"])


class Forwarder(NovaApi):
    """Nova's place in the simulator's door, with a real Nova behind it."""

    def __init__(self, cloud: SimCloud, base: Callable[[], str], nova: RealNova) -> None:
        """Forward to `nova` what comes over the wire of `cloud`."""
        super().__init__(cloud, base)
        self._nova = nova

    async def respond(self, request: HttpRequest) -> HttpReply:
        """Carry a request there and its answer back. What has arrived is carried out, whoever hangs up."""
        loop = asyncio.get_running_loop()
        settled: asyncio.Future[asyncio.Future[Said]] = loop.create_future()

        def settle(value: asyncio.Future[Said] | Exception) -> None:
            if isinstance(value, Exception):
                gone = isinstance(value, NoConnection | BrokenOff)
                settled.set_exception(HangUp() if gone else value)
            else:
                settled.set_result(value)

        def arrive() -> Answer[asyncio.Future[Said]]:
            return Answer(loop.run_in_executor(None, self._forward, request), 0.0)

        self._cloud.wire.send(self._note(request), arrive, settle)
        try:
            said = await (await settled)
        except Refused as refusal:
            return HttpReply(status=refusal.status, body={"error": {"message": refusal.message}})
        headers = {name: said.headers[name] for name in CARRIED_ON if name in said.headers}
        if self._cloud.world.sends_date:
            headers["Date"] = formatdate(self._cloud.world.wall(), usegmt=True)
        return HttpReply(status=said.status, body=said.body, headers=headers)

    def _note(self, request: HttpRequest) -> Request:
        """Name the request as the simulated Nova would."""
        path = request.path.removeprefix(PREFIX).rstrip("/")
        try:
            action, subject, _ = self._route(request, path, self.highest)
        except Refused:
            action, subject = OTHER, path
        now = self._cloud.world.now()
        return Request(t=now, method=request.method, path=path or "/", action=action, subject=subject)

    def _forward(self, request: HttpRequest) -> Said:
        query = f"?{urlencode(request.query)}" if request.query else ""
        kept = {name: value for name, value in request.headers.items() if name != "content-length"}
        kept["x-user-id"] = self._nova.user_id
        body = request.json() if request.body else None
        return self._nova.ask(request.method, request.path + query, body, kept)
