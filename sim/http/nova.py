"""Nova's REST API over the simulated cloud: routes, microversions, paging, bodies. The rules are `sim.cloud`'s.

Every request goes through the cloud's wire, so that slow requests, lost replies and 503 work here as in memory, and a
call is carried out although its client has hung up.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from email.utils import formatdate
from typing import Any, NoReturn

from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.controllers import CONDUCTOR, SCHEDULER
from kasugai.sim.cloud.model import Answer, Migration, Refused
from kasugai.sim.cloud.wire import Request
from kasugai.sim.http import render
from kasugai.sim.http.carrying import REQUEST_ID, Act, carry, named
from kasugai.sim.http.groups import groups
from kasugai.sim.http.keystone import Keystone
from kasugai.sim.http.metadata import set_metadata
from kasugai.sim.http.server import HttpReply, HttpRequest

PREFIX = "/compute/v2.1"
LOWEST = (2, 1)
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
OTHER = "other"

CONTROLLERS = (CONDUCTOR, SCHEDULER)
NO_ROUTE = "The resource could not be found."

ACTIONS = {
    "evacuate": "evacuate",
    "os-resetState": "reset",
    "os-stop": "stop",
    "os-start": "start",
    "migrate": "migrate",
    "os-migrateLive": "live-migrate",
    "confirmResize": "confirm-migration",
    "lock": "lock",
    "unlock": "unlock",
    "pause": "pause",
    "unpause": "unpause",
    "suspend": "suspend",
    "resume": "resume",
    "rescue": "rescue",
    "unrescue": "unrescue",
    "shelve": "shelve",
    "unshelve": "unshelve",
    "reboot": "reboot",
}
"""How the wire calls Nova's actions."""
REBOOTS = {"SOFT": "reboot", "HARD": "hard reboot"}
ANSWERS = {"evacuate": 200, "rescue": 200, "confirmResize": 204}
"""By action, where Nova does not answer 202."""


class NovaApi:
    """The compute endpoint."""

    def __init__(self, cloud: SimCloud, base: Callable[[], str]) -> None:
        """`base` returns the server's root URL."""
        self._cloud = cloud
        self._base = base
        self.keystone = Keystone(cloud, base, PREFIX)
        self.highest = (2, 104)
        self.page = 1000
        """Nova's max_limit."""

    async def respond(self, request: HttpRequest) -> HttpReply:
        """Answer a request below /compute."""
        path = request.path.removeprefix(PREFIX).rstrip("/")
        version = _asked_version(request)
        try:
            self._admit(request, path, version)
            action, subject, act = self._route(request, path, version)
        except Refused as refusal:
            action, subject, act = OTHER, path, _refuse(refusal)
        note = Request(
            t=self._cloud.world.now(),
            method=request.method,
            path=path or "/",
            action=action,
            subject=subject,
            sender=request.headers.get("user-agent", "").split(" ")[0],
            microversion=f"{version[0]}.{version[1]}",
        )
        return self._dress(await carry(self._cloud.wire, note, act, render.error), version)

    def _dress(self, reply: HttpReply, version: render.Microversion) -> HttpReply:
        """Add what every reply of Nova carries."""
        number = f"{version[0]}.{version[1]}"
        headers = {
            "OpenStack-API-Version": f"compute {number}",
            "X-OpenStack-Nova-API-Version": number,
            **named(self._cloud.nova.actions.request_id()),
            **reply.headers,
        }
        headers["X-Compute-Request-Id"] = headers[REQUEST_ID]
        if self._cloud.world.sends_date:
            headers["Date"] = formatdate(self._cloud.world.wall(), usegmt=True)
        return HttpReply(status=reply.status, body=reply.body, headers=headers)

    def _route(self, request: HttpRequest, path: str, version: render.Microversion) -> tuple[str, str, Act]:
        """Return the request's name, its subject and what it does."""
        match request.method, *path.strip("/").split("/"):
            case "GET", *parts:
                return self._read(request.query, parts, version)
            case "PUT", "os-services", service_id:
                return self._update(service_id, request.json())
            case "DELETE", "os-services", service_id:
                return self._delete_service(service_id)
            case "POST", "servers", uuid, "action":
                return self._action(uuid, request.json(), version)
            case "POST", "servers", uuid, "metadata":
                return "metadata", uuid, lambda: set_metadata(self._cloud.nova.guests, uuid, request.json())
            case "POST", "os-aggregates", number, "action":
                return self._add_host(number, request.json())
            case _:
                raise Refused(404, NO_ROUTE)

    def _read(
        self, query: Mapping[str, str], parts: list[str], version: render.Microversion
    ) -> tuple[str, str, Act]:
        match parts:
            case [""]:
                return OTHER, "version", lambda: Answer(HttpReply(body={"version": self._version()}), 0.0)
            case ["os-services"]:
                action = "service" if "host" in query else "services"
                action = "controllers" if query.get("binary") in CONTROLLERS else action
                return action, query.get("host", ""), lambda: self._services(query)
            case ["os-aggregates"]:
                return "aggregates", "", self._aggregates
            case ["os-server-groups"]:
                return "server-groups", "", lambda: groups(self._cloud.world, query, version, self.page)
            case ["os-hypervisors", "detail"]:
                return "hypervisors", "", self._hypervisors
            case ["servers", *rest]:
                return self._read_servers(query, rest, version)
            case ["os-migrations"]:
                source = query.get("source_compute", "")
                return "migrations", source, lambda: self._migrations(query, version)
            case _:
                raise Refused(404, NO_ROUTE)

    def _read_servers(
        self, query: Mapping[str, str], parts: list[str], version: render.Microversion
    ) -> tuple[str, str, Act]:
        match parts:
            case ["detail"]:
                return "guests", query.get("host", ""), lambda: self._servers(query, version)
            case [uuid]:
                return "guest", uuid, lambda: self._server(uuid, version)
            case [uuid, "os-instance-actions"]:
                return "actions", uuid, lambda: self._actions(uuid, version)
            case [uuid, "os-instance-actions", request_id]:
                return "actions", uuid, lambda: self._show_action(uuid, request_id, version)
            case _:
                raise Refused(404, NO_ROUTE)

    def _admit(self, request: HttpRequest, path: str, version: render.Microversion) -> None:
        """Refuse bad tokens and unknown microversions; the version document is for everybody."""
        if path and not self.keystone.accepts(request.headers.get("x-auth-token", "")):
            raise Refused(401, "The request you have made requires authentication.")
        if not LOWEST <= version <= self.highest:
            raise Refused(406, f"Version {version[0]}.{version[1]} is not supported by the API.")

    def versions(self) -> HttpReply:
        """Answer GET / of the endpoint's root: every version, to everybody."""
        return HttpReply(body={"versions": [self._version()]})

    def _version(self) -> dict[str, Any]:
        return {
            "id": "v2.1",
            "status": "CURRENT",
            "version": f"{self.highest[0]}.{self.highest[1]}",
            "min_version": f"{LOWEST[0]}.{LOWEST[1]}",
            "links": [{"rel": "self", "href": f"{self._base()}{PREFIX}/"}],
        }

    def _services(self, query: Mapping[str, str]) -> Answer[HttpReply]:
        world, services = self._cloud.world, self._cloud.nova.services
        binary, host = query.get("binary"), query.get("host")
        answer = self._cloud.nova.list_services(host)
        computes = answer.value if binary in (None, "nova-compute") else []
        rows = [render.service(world, services, found) for found in computes]
        rows += [
            render.controller(world, one)
            for one in self._cloud.nova.list_controllers().value
            if binary in (None, one.binary) and host in (None, one.host)
        ]
        return Answer(HttpReply(body={"services": rows}), answer.took)

    def _hypervisors(self) -> Answer[HttpReply]:
        answer = self._cloud.nova.list_services()
        rows = [render.hypervisor(self._cloud.world, n, host) for n, host in enumerate(answer.value, 1)]
        return Answer(HttpReply(body={"hypervisors": rows}), answer.took)

    def _update(self, service_id: str, body: dict[str, Any]) -> tuple[str, str, Act]:
        """PUT /os-services/ID. Its name is by what it does to forced_down, else by the status."""
        if not UUID.fullmatch(service_id):
            raise Refused(400, f"Invalid uuid {service_id}")
        world, nova = self._cloud.world, self._cloud.nova
        names = [host.name for host in world.hosts.values() if host.service.service_id == service_id]

        def act() -> Answer[HttpReply]:
            answer = nova.update_service(
                service_id,
                status=body.get("status"),
                reason=body.get("disabled_reason"),
                forced_down=body.get("forced_down"),
            )
            view = render.service(world, nova.services, answer.value)
            return Answer(HttpReply(body={"service": view}), answer.took)

        action = {"enabled": "enable", "disabled": "disable"}.get(body.get("status", ""), "update-service")
        if "forced_down" in body:
            action = "force-down" if body["forced_down"] else "re-enable"
        return action, names[0] if names else service_id, act

    def _delete_service(self, service_id: str) -> tuple[str, str, Act]:
        """DELETE /os-services/ID."""
        names = [h.name for h in self._cloud.world.hosts.values() if h.service.service_id == service_id]

        def act() -> Answer[HttpReply]:
            return Answer(HttpReply(status=204), self._cloud.nova.delete_service(service_id).took)

        return "delete-service", names[0] if names else service_id, act

    def _aggregates(self) -> Answer[HttpReply]:
        answer = self._cloud.nova.list_aggregates()
        return Answer(HttpReply(body={"aggregates": list(map(render.aggregate, answer.value))}), answer.took)

    def _add_host(self, number: str, body: dict[str, Any]) -> tuple[str, str, Act]:
        """POST /os-aggregates/ID/action, of which only add_host is there."""
        if list(body) != ["add_host"] or not number.isdecimal():
            raise Refused(400, f"There is no such action: {', '.join(body)}")
        host = str(body["add_host"].get("host", ""))

        def act() -> Answer[HttpReply]:
            answer = self._cloud.nova.add_to_aggregate(int(number), host)
            return Answer(HttpReply(body={"aggregate": render.aggregate(answer.value)}), answer.took)

        return "aggregate", host, act

    def _servers(self, query: Mapping[str, str], version: render.Microversion) -> Answer[HttpReply]:
        world, services = self._cloud.world, self._cloud.nova.services
        answer = self._cloud.nova.list_servers(query.get("host"), query.get("status"))
        if project := query.get("project_id"):
            answer = replace(answer, value=[guest for guest in answer.value if guest.project == project])
        shown, links = self._cut("servers/detail", query, answer.value, lambda guest: guest.uuid)
        body: dict[str, Any] = {"servers": [render.server(world, services, g, version) for g in shown]}
        return Answer(HttpReply(body=body | ({"servers_links": links} if links else {})), answer.took)

    def _server(self, uuid: str, version: render.Microversion) -> Answer[HttpReply]:
        world, services = self._cloud.world, self._cloud.nova.services
        answer = self._cloud.nova.show_server(uuid)
        return Answer(
            HttpReply(body={"server": render.server(world, services, answer.value, version)}), answer.took
        )

    def _actions(self, uuid: str, version: render.Microversion) -> Answer[HttpReply]:
        self._need_a_living_guest(uuid, version)
        answer = self._cloud.nova.list_actions(uuid)
        shown = [render.action(self._cloud.world, action, version) for action in answer.value]
        return Answer(HttpReply(body={"instanceActions": shown}), answer.took)

    def _show_action(self, uuid: str, request_id: str, version: render.Microversion) -> Answer[HttpReply]:
        self._need_a_living_guest(uuid, version)
        answer = self._cloud.nova.show_action(uuid, request_id)
        events = [render.event(self._cloud.world, event, version) for event in answer.value.events]
        body = {**render.action(self._cloud.world, answer.value, version), "events": events}
        return Answer(HttpReply(body={"instanceAction": body}), answer.took)

    def _need_a_living_guest(self, uuid: str, version: render.Microversion) -> None:
        """Below 2.21 the actions of a deleted guest are not shown."""
        if version < (2, 21):
            self._cloud.nova.guests.find(uuid)

    def _migrations(self, query: Mapping[str, str], version: render.Microversion) -> Answer[HttpReply]:
        answer = self._cloud.nova.list_migrations(
            None if "host" in query else query.get("source_compute"),
            query.get("migration_type"),
            query.get("instance_uuid"),
        )
        shown: list[Migration] = [record for record in answer.value if self._is_asked_for(record, query)]
        links: list[dict[str, str]] = []
        if version >= (2, 59):
            shown, links = self._cut("os-migrations", query, shown, lambda record: record.uuid)
        rendered = [render.migration(self._cloud.world, record, version) for record in shown]
        body: dict[str, Any] = {"migrations": rendered}
        return Answer(HttpReply(body=body | ({"migrations_links": links} if links else {})), answer.took)

    def _is_asked_for(self, record: Migration, query: Mapping[str, str]) -> bool:
        """Nova's other filters. `host` means either end and beats source_compute; a record that nobody has moved since
        it was written has no updated_at, so that changes-since hides every accepted one."""
        host, since = query.get("host"), query.get("changes-since", "")
        return (
            query.get("status") in (None, record.status)
            and host in (None, record.source, record.dest)
            and (
                not since
                or (record.has_moved and self._cloud.world.stamp(record.updated_at)[:19] >= since[:19])
            )
        )

    def _cut(
        self, path: str, query: Mapping[str, str], rows: list[Any], key: Callable[[Any], str]
    ) -> tuple[list[Any], list[dict[str, str]]]:
        """Return one page, and the link to the next one if there is one."""
        first = 0
        if marker := query.get("marker"):
            keys = [key(row) for row in rows]
            if marker not in keys:
                raise Refused(400, f"marker [{marker}] not found")
            first = keys.index(marker) + 1
        limit = min(int(query.get("limit", self.page)), self.page)
        shown = rows[first : first + limit]
        if first + limit >= len(rows):
            return shown, []
        rest = "&".join(f"{name}={value}" for name, value in query.items() if name != "marker")
        href = f"{self._base()}{PREFIX}/{path}?{rest}&marker={key(shown[-1])}"
        return shown, [{"rel": "next", "href": href}]

    def _action(self, uuid: str, body: dict[str, Any], version: render.Microversion) -> tuple[str, str, Act]:
        """POST /servers/ID/action, all with an empty body."""
        name, value = next(iter(body.items()), ("", None))
        if name not in ACTIONS:
            raise Refused(400, f"There is no such action: {name}")
        nova, parameters = self._cloud.nova, value or {}
        calls: dict[str, Callable[[], Answer[None]]] = {
            "evacuate": lambda: nova.evacuate(uuid, parameters.get("host"), version),
            "os-resetState": lambda: nova.reset_state(uuid, parameters["state"]),
            "os-stop": lambda: nova.stop(uuid),
            "os-start": lambda: nova.start(uuid),
            "migrate": lambda: nova.migrate(uuid, parameters.get("host")),
            "os-migrateLive": lambda: nova.live_migrate(uuid, parameters.get("host")),
            "confirmResize": lambda: nova.confirm_migration(uuid),
            "lock": lambda: nova.guests.lock(uuid, parameters.get("locked_reason")),
            "unlock": lambda: nova.guests.unlock(uuid),
            "reboot": lambda: nova.guests.do(uuid, REBOOTS[parameters["type"]]),
        }
        if name == "evacuate":
            _check_evacuate(parameters, version)
        if name == "os-migrateLive":
            _check_live(parameters)
        if name == "migrate" and parameters and version < (2, 56):
            raise Refused(400, "Additional properties are not allowed ('host' was unexpected)")
        if name == "reboot" and parameters.get("type") not in REBOOTS:
            raise Refused(400, f"Invalid input for field/attribute type. Value: {parameters.get('type')}.")

        def act() -> Answer[HttpReply]:
            answer = calls[name]() if name in calls else nova.guests.do(uuid, name)
            status = ANSWERS.get(name, 202)
            return Answer(
                HttpReply(status=status, headers=named(answer.request_id)), answer.took, answer.request_id
            )

        return ACTIONS[name], uuid, act


def _check_evacuate(parameters: Mapping[str, Any], version: render.Microversion) -> None:
    """Refuse what the schema of that microversion refuses (nova.md: force and onSharedStorage)."""
    allowed = {"host", "adminPass"}
    if version <= (2, 13):
        allowed.add("onSharedStorage")
        if "onSharedStorage" not in parameters:
            raise Refused(
                400, "Invalid input for field/attribute evacuate. 'onSharedStorage' is a required property"
            )
    if (2, 29) <= version < (2, 68):
        allowed.add("force")
    if strangers := sorted(set(parameters) - allowed):
        raise Refused(400, f"Additional properties are not allowed ({strangers[0]!r} was unexpected)")


def _check_live(parameters: Mapping[str, Any]) -> None:
    """Refuse what Nova's schema of 2.30 to 2.67 refuses (schemas/migrate_server.py, migrate_live_v2_30)."""
    if missing := sorted({"host", "block_migration"} - set(parameters)):
        raise Refused(
            400, f"Invalid input for field/attribute os-migrateLive. '{missing[0]}' is a required property"
        )
    if strangers := sorted(set(parameters) - {"host", "block_migration", "force"}):
        raise Refused(400, f"Additional properties are not allowed ({strangers[0]!r} was unexpected)")


def _asked_version(request: HttpRequest) -> render.Microversion:
    """Return the microversion that the client asked for; 2.1 if none."""
    asked = request.headers.get("openstack-api-version", "").removeprefix("compute").strip()
    asked = asked or request.headers.get("x-openstack-nova-api-version", "2.1")
    major, _, minor = asked.partition(".")
    return int(major), int(minor)


def _refuse(refusal: Refused) -> Act:
    def act() -> NoReturn:
        raise refusal

    return act
