"""The REST API's doors in memory, and the whole application on them: no service, no port, no thread."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from wsgiref.util import setup_testing_defaults

from kasugai.adapters.inventory import Inventory, changed, numbered
from kasugai.adapters.settings.oslo import open_conf
from kasugai.adapters.settings.values import ApiSettings
from kasugai.api.app import make_app
from kasugai.api.environ import Wsgi
from kasugai.api.handling import Doors
from kasugai.api.own.app import own_app
from kasugai.api.own.rules import MOUNT
from kasugai.api.pipeline import around
from kasugai.api.policies import Policy
from kasugai.api.ports import Edit, Views
from kasugai.core.recovering.doors import CloudAway, LedgerAway, LogAway
from kasugai.core.words import policy as core
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import Command, Fault, Stamp
from kasugai.core.words.timing import BrokerTime
from kasugai.schemas.codec import encode
from tests.support.memory_views import MemoryViews


@dataclass
class MemoryRegistry:
    """The inventory."""

    inventory: Inventory = field(default_factory=Inventory)
    edits: int = 0
    is_away: bool = False
    now: int = 1_795_383_590_828

    def read(self) -> Inventory:
        self._answer()
        return self.inventory

    def known(self) -> Inventory:
        return self.inventory

    def offset(self) -> int:
        return self.edits - 1

    def edit(self, edit: Edit) -> Inventory:
        self._answer()
        records = list(edit(self.inventory))
        self.now += 1_000
        numbers = numbered(self.inventory, records, self.now)
        for record in numbers:
            encode(record)  # as whoever publishes it does
        self.inventory = changed(self.inventory, numbers)
        self.edits += len(records)
        return self.inventory

    def _answer(self) -> None:
        if self.is_away:
            raise LogAway("broker secret-broker:9092 is away")


@dataclass
class MemoryReports:
    """What was reported."""

    faults: list[Fault] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    is_away: bool = False

    def report(self, fault: Fault) -> Stamp:
        if self.is_away:
            raise LogAway("broker secret-broker:9092 is away")
        encode(fault)
        self.faults.append(fault)
        return Stamp(
            partition=0,
            offset=len(self.faults) - 1,
            at=BrokerTime(1_795_383_600_123 + 1_000 * len(self.faults)),
        )

    def order(self, command: Command) -> Stamp:
        if self.is_away:
            raise LogAway("broker secret-broker:9092 is away")
        self.commands.append(command)
        return Stamp(partition=0, offset=len(self.commands) - 1, at=BrokerTime(1_795_383_600_123))


@dataclass
class MemoryClaims:
    """Who claimed what."""

    held: dict[str, str] = field(default_factory=dict)
    confirmed: set[str] = field(default_factory=set)
    is_away: bool = False

    def take(self, key: str, notification_uuid: str) -> str | None:
        if self.is_away:
            raise LedgerAway("redis://:secret@redis is away")
        holder = self.held.setdefault(key, notification_uuid)
        return None if holder == notification_uuid else holder

    def confirm(self, key: str, notification_uuid: str, lifetime: int = 0) -> None:
        if self.held.get(key) == notification_uuid and not lifetime:
            self.confirmed.add(key)

    def release(self, key: str, notification_uuid: str) -> None:
        if self.held.get(key) == notification_uuid:
            del self.held[key]

    def expire(self) -> None:
        """A minute passes: what nobody confirmed is free again."""
        self.held = {key: uuid for key, uuid in self.held.items() if key in self.confirmed}


@dataclass
class MemoryComputes:
    """Nova."""

    hosts: set[str] = field(default_factory=lambda: {f"cmp{n}" for n in range(1, 10)})
    is_away: bool = False

    def knows(self, host: str) -> bool:
        if self.is_away:
            raise CloudAway("http://admin:secret@nova is away")
        return host in self.hosts


class MemoryWall:
    """A clock that stands still, and ids in order."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self.at = 1_795_383_600_000

    def now(self) -> int:
        return self.at

    def new_uuid(self) -> str:
        return f"00000000-0000-4000-8000-{next(self._ids):012d}"


@dataclass(frozen=True)
class Answer:
    """What the API answered."""

    status: int
    headers: Mapping[str, str]
    data: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.data)


class Api:
    """The application, asked in this process."""

    def __init__(
        self,
        api: ApiSettings | None = None,
        conf_files: tuple[str, ...] = (),
        views: MemoryViews | None = None,
        read: Views | None = None,
    ) -> None:
        """`read`: the views that are read, where it is not `views`."""
        self.registry, self.reports, self.claims = MemoryRegistry(), MemoryReports(), MemoryClaims()
        self.computes, self.views, self.wall = MemoryComputes(), views or MemoryViews(), MemoryWall()
        self.doors = Doors(
            registry=self.registry,
            reports=self.reports,
            orders=self.reports,
            claims=self.claims,
            computes=self.computes,
            views=read or self.views,
            wall=self.wall,
        )
        self.wsgi = whole(self.doors, api or ApiSettings(auth_strategy="noauth2"), conf_files)

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
    ) -> Answer:
        """Return the answer to a request; `data` is a body as it is."""
        sent = data if data is not None else b"" if body is None else json.dumps(body).encode()
        return call(self.wsgi, method, path, sent, headers or {})

    def get(self, path: str, version: str = "") -> Answer:
        return self.ask("GET", path, headers=microversion(version))

    def post(self, path: str, body: object, version: str = "") -> Answer:
        return self.ask("POST", path, body, microversion(version))

    def put(self, path: str, body: object, version: str = "") -> Answer:
        return self.ask("PUT", path, body, microversion(version))

    def delete(self, path: str) -> Answer:
        return self.ask("DELETE", path)

    def segment(self, name: str = "rack1", **said: object) -> Any:
        """Create a segment and return it."""
        body = {"name": name, "recovery_method": "auto", "service_type": "COMPUTE", **said}
        answer = self.post("/v1/segments", {"segment": body}, "1.3")
        assert answer.status == 201, answer.data
        return answer.body["segment"]

    def host(self, segment: str, name: str = "cmp1", **said: object) -> Any:
        """Add a host and return it."""
        body = {"name": name, "type": "COMPUTE", "control_attributes": "SSH", **said}
        answer = self.post(f"/v1/segments/{segment}/hosts", {"host": body})
        assert answer.status == 201, answer.data
        return answer.body["host"]

    def known(self) -> tuple[SegmentRecord | None, HostRecord | None]:
        """Return the first segment and host there are."""
        inventory = self.registry.inventory
        return next(inventory.segments(), None), next(inventory.hosts(), None)


def whole(doors: Doors, api: ApiSettings, conf_files: tuple[str, ...] = ()) -> Wsgi:
    """Return the application with all that stands around it."""
    conf = open_conf(conf_files)
    policy = Policy(conf)
    return around(
        make_app(doors, policy, api, core.Policy()), conf, api, {MOUNT: own_app(doors, policy, api)}
    )


def microversion(version: str) -> dict[str, str]:
    """Return the header that asks for a microversion."""
    return {"OpenStack-API-Version": f"instance-ha {version}"} if version else {}


def call(wsgi: Wsgi, method: str, path: str, data: bytes, headers: Mapping[str, str]) -> Answer:
    """Call a WSGI application."""
    path, _, query = path.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path.encode().decode("latin-1"),
        "QUERY_STRING": query,
        "HTTP_HOST": "ha:15868",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.input": BytesIO(data),
    }
    if data:
        environ |= {"CONTENT_LENGTH": str(len(data)), "CONTENT_TYPE": "application/json"}
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    setup_testing_defaults(environ)
    heard: list[Any] = []
    body = b"".join(wsgi(environ, lambda status, given, *_: heard.extend((status, given))))
    return Answer(int(heard[0].split()[0]), {name.lower(): value for name, value in heard[1]}, body)
