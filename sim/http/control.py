"""The laboratory's own routes below /sim/: say a verb, turn a knob, look at the truth. No API of OpenStack.

GET  /sim/state                 hosts, guests, migrations, evacuations in progress, guests that run twice
GET  /sim/census                lines and places
GET  /sim/diary?since=N         entries from the Nth on
GET  /sim/requests?since=N      requests from the Nth on (Nova's, Keystone's and the power devices')
GET  /sim/witness?since=N       what must never happen and did, from the Nth on (sim.cloud.witness)
GET  /sim/knobs, PUT /sim/knobs {"clock_offset": 30, ...}
POST /sim/do                    {"verb": "hosts.power_off", "args": ["cmp1"], "kwargs": {}}
GET  /sim/power/HOST            {"power": "on" | "off" | "unknown"}
PUT  /sim/power/HOST            {"power": "off"}: fences, as slowly as a device does; 403/404/503 with the reason
"""

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from kasugai.sim.cloud import SimCloud, large_cloud, two_cores
from kasugai.sim.cloud.model import Refused
from kasugai.sim.cloud.wire import Request
from kasugai.sim.http.nova import NovaApi
from kasugai.sim.http.server import HttpReply, HttpRequest

PREFIX = "/sim"
CONGESTION = {"large_cloud": large_cloud, "two_cores": two_cores}
WORLD_KNOBS = (
    "clock_offset",
    "sends_date",
    "autostart",
    "compares_boots",
    "no_valid_host",
    "conductor_delay",
    "flaky_stops",
    "syncs_power",
    "hides_actions",
)


class Control:
    """What a demo, a test or a bench says to the running cloud."""

    def __init__(self, cloud: SimCloud, api: NovaApi) -> None:
        """Control `cloud` and the knobs of its `api`."""
        self._cloud = cloud
        self._api = api
        self._reads: dict[str, Callable[[int], object]] = {
            "state": lambda _: self._state(),
            "census": self._census,
            "diary": lambda since: [asdict(entry) for entry in cloud.diary.entries[since:]],
            "requests": lambda since: [asdict(sent) for sent in cloud.wire.requests[since:]],
            "witness": lambda since: [asdict(breach) for breach in cloud.witness.breaches[since:]],
            "knobs": lambda _: self._knobs(),
        }

    async def respond(self, request: HttpRequest) -> HttpReply:
        """Answer a request below /sim."""
        try:
            return HttpReply(body=await self._do(request))
        except Refused as refusal:
            return HttpReply(status=refusal.status, body={"error": refusal.message})
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            return HttpReply(status=400, body={"error": f"{type(error).__name__}: {error}"})

    async def _do(self, request: HttpRequest) -> object:
        match request.method, *request.path.strip("/").split("/")[1:]:
            case "GET", what if what in self._reads:
                return self._reads[what](int(request.query.get("since", "0")))
            case "PUT", "knobs":
                return self._turn(request.json())
            case "POST", "do":
                return {"result": self._say(**request.json())}
            case "GET" | "PUT" as method, "power", host:
                return await self._power(method, host, request.json())
            case _:
                raise Refused(404, f"no route {request.method} {request.path}")

    def _census(self, _since: int) -> object:
        places = self._cloud.census()
        return {"lines": [str(place) for place in places], "places": [asdict(place) for place in places]}

    def _state(self) -> dict[str, Any]:
        world = self._cloud.world
        return {
            "now": world.now(),
            "wall": world.stamp(world.now()),
            "hosts": {
                host.name: {
                    "power": "on" if host.power_on else "off",
                    "answers": host.answers,
                    "up": self._cloud.nova.services.is_up(host),
                    "enabled": host.service.enabled,
                    "forced_down": host.service.forced_down,
                    "disabled_reason": host.service.disabled_reason,
                    "runs": [world.guests[uuid].name for uuid in world.diary.guests_on(host.name)],
                }
                for host in world.hosts.values()
            },
            "guests": {guest.uuid: asdict(guest) for guest in world.guests.values()},
            "migrations": [asdict(record) for record in world.migrations],
            "in_progress": len(self._cloud.nova.evacuations.in_progress),
            "running_twice": list(self._cloud.running_twice()),
        }

    def _knobs(self) -> dict[str, Any]:
        world = self._cloud.world
        return {
            **{name: getattr(world, name) for name in WORLD_KNOBS},
            "congestion": world.congestion.__name__,
            "highest_microversion": f"{self._api.highest[0]}.{self._api.highest[1]}",
            "page": self._api.page,
            "token_life": self._api.keystone.token_life,
        }

    def _turn(self, wanted: dict[str, Any]) -> dict[str, Any]:
        for name, value in wanted.items():
            match name:
                case "congestion":
                    self._cloud.world.congestion = CONGESTION[value]
                case "highest_microversion":
                    major, _, minor = value.partition(".")
                    self._api.highest = (int(major), int(minor))
                case "page":
                    self._api.page = int(value)
                case "token_life":
                    self._api.keystone.token_life = float(value)
                case _ if name in WORLD_KNOBS:
                    setattr(self._cloud.world, name, value)
                case _:
                    raise KeyError(f"no knob {name!r}; there are: {', '.join(self._knobs())}")
        return self._knobs()

    def _say(self, verb: str, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> object:
        """Call a verb of the cloud or of one of its parts (sim.cloud lists them)."""
        part_name, _, name = verb.rpartition(".")
        parts = {
            "": self._cloud,
            "cloud": self._cloud,
            "hosts": self._cloud.hosts,
            "power": self._cloud.power,
            "wire": self._cloud.wire,
            "keystone": self._api.keystone,
        }
        if part_name not in parts or name.startswith("_"):
            raise KeyError(f"no verb {verb!r}")
        result = getattr(parts[part_name], name)(*args, **(kwargs or {}))
        return result if isinstance(result, str | int | float | bool | None) else repr(result)

    async def _power(self, method: str, host: str, body: dict[str, Any]) -> dict[str, str]:
        """What a power device of the laboratory answers and does: noted like the in-memory door's requests."""
        world, power = self._cloud.world, self._cloud.power
        if method == "PUT" and body != {"power": "off"}:
            raise Refused(400, 'the body must be {"power": "off"}')
        action = "fence" if method == "PUT" else "power"
        note = Request(t=world.now(), method=method, path=f"power://{host}", action=action, subject=host)
        self._cloud.wire.note(note)
        await asyncio.sleep(world.draw(world.pace.fence if action == "fence" else world.pace.device))
        note.arrived = world.now()
        if action == "fence":
            power.switch_off(host)
        return {"power": str(power.read(host))}
