"""A scene's words, said to a real Nova; and how a story is played there."""

import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from kasugai.adapters.nova import NovaCloud
from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.voice import Message
from kasugai.sim.cloud.wire import Wire
from kasugai.sim.http import CloudThread
from kasugai.workers.ports import Cloud
from tests.support.clouds import NEVER, SWIFT, with_adapter
from tests.support.real_nova import PATIENCE, Forwarder, PlacementForwarder, RealNova
from tests.support.scenes import GUESTS, HOSTS, IMAGE, RACKS, Record

T = TypeVar("T")

CLIENT = 10.0
"""Seconds after which our adapter gives a request up: all of Nova shares one process here."""
VOLUME = "6ca404f3-d844-4169-bb96-bc792f37de98"
"""One of which Nova's fixtures know that it holds an image."""
FURNISHED = "furnished"
"""Under which name the town keeps what stands in every scene."""
ASKED = {
    "stop": "os-stop",
    "start": "os-start",
    "reboot": "reboot",
    "hard reboot": "reboot",
}
"""Nova's API's names of what users ask, where it has others."""
REBOOTS = {"reboot": {"type": "SOFT"}, "hard reboot": {"type": "HARD"}}
NO_HOST = "no valid host"
"""Why a host is disabled that is to be no destination."""
FLAVOR = {"ram": 512, "vcpus": 1, "disk": 1}


class OnRealNova:
    """The scene."""

    client = CLIENT

    def __init__(self, nova: RealNova, lab: CloudThread, port: Cloud) -> None:
        """Say it to `nova`; what is not Nova's stands in `lab`."""
        self.nova, self.lab, self.port = nova, lab, port
        self._uuids: dict[str, str] = {}
        self._heard = 0

    def wire(self, act: Callable[[Wire], T]) -> T:
        return self.lab.do(lambda cloud: act(cloud.wire))

    def around(self, act: Callable[[SimCloud], T]) -> T:
        return self.lab.do(act)

    def refuse(self) -> None:
        self.lab.refuse()

    def accept(self) -> None:
        self.lab.accept()

    def uuid(self, guest: str) -> str:
        if guest not in self._uuids:
            listed = self.nova.done("GET", "/servers/detail?all_tenants=True")["servers"]
            self._uuids = {each["name"]: each["id"] for each in listed}
        return self._uuids[guest]

    def service_id(self, host: str) -> str:
        (found,) = self.nova.done("GET", f"/os-services?binary=nova-compute&host={host}")["services"]
        return str(found["id"])

    def states(self, guest: str) -> tuple[str, str | None]:
        found = self.nova.done("GET", f"/servers/{self.uuid(guest)}")["server"]
        return found["OS-EXT-STS:vm_state"], found["OS-EXT-STS:task_state"]

    def records(self) -> list[Record]:
        listed = self.nova.done("GET", "/os-migrations")["migrations"]
        self.uuid("web")
        names = {uuid: name for name, uuid in self._uuids.items()}
        return [
            Record(
                names.get(each["instance_uuid"], each["instance_uuid"]),
                each["status"],
                each["source_compute"],
                each["dest_compute"] or "",
            )
            for each in sorted(listed, key=lambda each: int(each["id"]))
        ]

    def running_on(self, guest: str) -> frozenset[str]:
        uuid, truth = self.uuid(guest), self.nova.say("hypervisors")
        return frozenset(host for host, guests in truth.items() if guests.get(uuid) == "running")

    def power_off(self, host: str) -> None:
        self.nova.say("power_off", host=host)

    def power_on(self, host: str) -> None:
        self.nova.say("power_on", host=host)

    def kill_compute(self, host: str) -> None:
        self.nova.say("kill_compute", host=host)

    def start_compute(self, host: str) -> None:
        self.nova.say("start_compute", host=host)

    def spawns_take(self, seconds: float) -> None:
        for host in HOSTS:
            self.nova.say("spawns_take", host=host, seconds=seconds)

    def hold_spawns(self) -> None:
        self.spawns_take(NEVER)

    def release_spawns(self, host: str) -> None:
        self.nova.say("spawns_take", host=host, seconds=0)

    def fail_spawns(self, host: str, message: str) -> None:
        self.nova.say("fail_spawns", host=host, message=message)

    def fails_live(self, host: str) -> None:
        self.nova.say("refuse_migrations", host=host)

    def fill(self, host: str) -> None:
        self.nova.say("fill", host=host)

    def no_valid_host(self, on: bool = True) -> None:
        """Disable every host that can be a destination, or enable those that were disabled so."""
        reason = {"disabled_reason": NO_HOST} if on else {}
        for each in self.nova.done("GET", "/os-services?binary=nova-compute")["services"]:
            if each["state"] == "up" and (each["disabled_reason"] == NO_HOST) is not on:
                self._update(each["id"], {"status": "disabled" if on else "enabled", **reason})

    def hold_conductor(self) -> None:
        self.nova.say("stop_service", name="conductor")

    def end_evacuation_behind(self, line: str) -> None:
        """The next line fails: what was written stands, as when the process had died."""
        self.nova.say("end_evacuation", behind=line)

    def release_conductor(self) -> None:
        """It is back, and carries out what waited."""
        self.nova.say("start_service_again", name="conductor")

    def lose_casts(self, lost: bool = True) -> None:
        """The message bus does not take what Nova's API asks of the conductor; or does again."""
        self.nova.say("lose_casts", lost=lost)

    def hold_scheduler(self, patience: int) -> None:
        """The scheduler is away, and the conductor waits for it so many seconds."""
        self.nova.say("time_out_scheduling", seconds=patience)
        self.nova.say("stop_service", name="scheduler")

    def release_scheduler(self) -> None:
        """It is back."""
        self.nova.say("start_service_again", name="scheduler")

    def updates(self, guest: str) -> list[tuple[str, str | None, str]]:
        """What Nova's notifications told of a guest, as it came about: vm_state, task_state, host."""
        return [tuple(each) for each in self.nova.say("updates", guest=self.uuid(guest))]

    def listens(self) -> None:
        self._heard = len(self.nova.say("told"))

    def told(self) -> list[Message]:
        """See `Scene`; when each was said is its place in the order, and a request stands in the payload alone."""
        said: list[Message] = self.nova.say("told")[self._heard :]
        return [
            each
            | {
                "message_id": f"message-{number}",
                "timestamp": f"2026-11-22 12:00:00.{number:06d}",
            }
            for number, each in enumerate(said)
        ]

    def actions(self, guest: str) -> list[Any]:
        """A guest's instance actions, the oldest first, each with its events."""
        path = f"/servers/{self.uuid(guest)}/os-instance-actions"
        listed = self.nova.done("GET", path)["instanceActions"]
        return [
            self.nova.done("GET", f"{path}/{each['request_id']}")["instanceAction"]
            for each in reversed(listed)
        ]

    def silence_cell(self) -> None:
        self.nova.say("silence_cell")

    def wake_cell(self) -> None:
        self.nova.say("wake_cell")

    def wind(self, seconds: float, *, sends_date: bool) -> None:
        def turn(cloud: SimCloud) -> None:
            cloud.world.clock_offset, cloud.world.sends_date = seconds, sends_date

        self.lab.do(turn)
        self.nova.say("wind", seconds=seconds)

    def forces_down(self, host: str) -> None:
        self._update(self.service_id(host), {"forced_down": True})

    def disables(self, host: str) -> None:
        self._update(self.service_id(host), {"status": "disabled", "disabled_reason": "maintenance"})

    def evacuates(self, guest: str) -> None:
        self._act(guest, {"evacuate": {}})

    def live_migrates(self, guest: str, dest: str, *, ends: bool = False) -> None:
        if not ends:
            self.nova.say("hold_migrations", host=self._host_of(guest))
        self._act(guest, {"os-migrateLive": {"host": dest, "block_migration": "auto"}})

    def stops(self, guest: str) -> None:
        self._act(guest, {"os-stop": None})

    def asks(self, guest: str, what: str) -> None:
        self._act(guest, {ASKED.get(what, what): REBOOTS.get(what)})

    def guest_dies(self, guest: str) -> None:
        self.nova.say("guest_dies", host=self._host_of(guest), guest=self.uuid(guest))

    def notices(self, guest: str) -> None:
        self.nova.say("notices", host=self._host_of(guest), guest=self.uuid(guest))

    def locks(self, guest: str) -> None:
        self._act(guest, {"lock": None})

    def pauses(self, guest: str) -> None:
        self._act(guest, {"pause": None})
        self._wait(guest, "paused")

    def deletes(self, guest: str) -> None:
        self.asks_to_delete(guest)
        _wait_until(lambda: self.nova.api("GET", f"/servers/{self.uuid(guest)}").status == 404)

    def asks_to_delete(self, guest: str) -> None:
        self.nova.done("DELETE", f"/servers/{self.uuid(guest)}")

    def boot(self, name: str, host: str, about: Mapping[str, Any] | None = None) -> None:
        self._post(name, host, dict(about or {}))
        self._wait(name, "active")

    def add_aggregate(self, name: str, host: str, metadata: Mapping[str, str]) -> None:
        self._furnish_aggregate(name, host)
        found = self.nova.done("GET", "/os-aggregates")["aggregates"]
        number = next(each["id"] for each in found if each["name"] == name)
        self.nova.done(
            "POST", f"/os-aggregates/{number}/action", {"set_metadata": {"metadata": dict(metadata)}}
        )

    def furnish(self) -> None:
        """Let stand what stands in every scene; made once, and kept by the town."""
        self.nova.say("begin")
        if self.nova.say("furnish", hosts=HOSTS, kept=FURNISHED):
            return
        for name, host in GUESTS.items():
            self._post(name, host, {"metadata": {"tier": name}})
        for name in GUESTS:
            self._wait(name, "active")
        self._furnish_aggregate(*RACKS)
        self.nova.say("keep", name=FURNISHED)

    def _furnish_aggregate(self, name: str, *hosts: str) -> None:
        number = self.nova.done("POST", "/os-aggregates", {"aggregate": {"name": name}})["aggregate"]["id"]
        for host in hosts:
            self.nova.done("POST", f"/os-aggregates/{number}/action", {"add_host": {"host": host}})

    def _post(self, name: str, host: str, about: dict[str, Any]) -> None:
        project = about.pop("project", "")
        server = {
            "name": name,
            "host": host,
            "networks": "none",
            "flavorRef": self._flavor(about),
            **self._source(about.pop("image", IMAGE)),
            **about,
        }
        headers = {"X-Project-Id": project} if project else {}
        created = self.nova.done("POST", "/servers", {"server": server}, headers=headers)
        self._uuids[name] = created["server"]["id"]

    def _flavor(self, about: dict[str, Any]) -> str:
        """Return the id of a flavor made for this guest, or of the usual one."""
        name, specs = about.pop("flavor", ""), about.pop("extra_specs", None)
        disks = {"OS-FLV-EXT-DATA:ephemeral": about.pop("ephemeral", 0), "swap": about.pop("swap", 0)}
        if not (name or specs or any(disks.values())):
            return "1"
        body = {"flavor": {"name": name or "made", **FLAVOR, **disks}}
        made: str = self.nova.done("POST", "/flavors", body)["flavor"]["id"]
        if specs:
            self.nova.done("POST", f"/flavors/{made}/os-extra_specs", {"extra_specs": specs})
        return made

    @staticmethod
    def _source(image: str) -> dict[str, Any]:
        if image:
            return {"imageRef": image}
        volume = {"uuid": VOLUME, "source_type": "volume", "destination_type": "volume", "boot_index": 0}
        return {"block_device_mapping_v2": [volume]}

    def _act(self, guest: str, body: Mapping[str, Any]) -> None:
        self.nova.done("POST", f"/servers/{self.uuid(guest)}/action", body)

    def _host_of(self, guest: str) -> str:
        found = self.nova.done("GET", f"/servers/{self.uuid(guest)}")["server"]
        return str(found["OS-EXT-SRV-ATTR:host"])

    def _update(self, service_id: str, body: Mapping[str, Any]) -> None:
        self.nova.done("PUT", f"/os-services/{service_id}", body)

    def _wait(self, guest: str, vm_state: str) -> None:
        _wait_until(lambda: self.states(guest) == (vm_state, None))


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


def _watch_nothing(cloud: SimCloud) -> None:
    """Build an empty cloud; its witness would look there for guests and hosts that stand elsewhere."""
    cloud.wire.watchers.clear()


RealStory = Callable[[OnRealNova], Coroutine[Any, Any, None]]
RealPlay = Callable[[RealStory], None]


def player_on(nova: RealNova) -> RealPlay:
    """Return what plays stories on this Nova, each in a town of its own."""

    def play(story: RealStory) -> None:
        with CloudThread(_watch_nothing, pace=SWIFT, seed=1) as lab:
            lab.door.api = Forwarder(lab.door.cloud, lambda: lab.door.url, nova)
            lab.door.api.keystone.user_id = nova.user_id
            lab.door.placement = PlacementForwarder(lab.door.cloud, lab.door.api.keystone.accepts, nova)

            async def main(port: NovaCloud) -> None:
                scene = OnRealNova(nova, lab, port)
                scene.furnish()
                await port.check()
                await story(scene)

            try:
                with_adapter(lab, main, client=CLIENT)
            except BaseException:
                sys.stdout.write(nova.say("log"))  # pytest shows it with the failure
                raise

    return play
