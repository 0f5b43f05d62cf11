"""One real Nova with its hosts, made of Nova's functional fixtures, and what happens to it.

`Town` is a test case of Nova's that nobody runs: `setUp` begins it, `close` ends it. A new one takes about a second.
"""

import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from unittest import mock

import eventlet
import fixtures
import oslo_messaging as messaging
from nova import context, objects, utils
from nova.api import auth
from nova.compute import api as compute
from nova.compute import manager
from nova.conductor import rpcapi
from nova.db.api import api as api_db
from nova.db.main import api as main_db
from nova.tests import fixtures as nova_fixtures
from nova.tests.functional import integrated_helpers
from nova.virt.event import EVENT_LIFECYCLE_STOPPED, LifecycleEvent
from oslo_service import service as oslo_service
from oslo_utils import timeutils
from placement import db_api as placement_db

from tests.realnova.hypervisor import SHUT_DOWN, Hypervisor

VERBS = frozenset(
    {
        "furnish",
        "keep",
        "power_off",
        "power_on",
        "kill_compute",
        "start_compute",
        "stop_service",
        "start_service_again",
        "spawns_take",
        "fail_spawns",
        "guest_dies",
        "notices",
        "compare",
        "hold_migrations",
        "refuse_migrations",
        "fill",
        "ask_placement",
        "silence_cell",
        "wake_cell",
        "wind",
        "lose_casts",
        "end_evacuation",
        "time_out_scheduling",
        "hypervisors",
        "updates",
        "told",
        "log",
    }
)
"""What may be said to a town over HTTP."""

CREATE_CONTEXT = auth.NovaKeystoneContext.__dict__["_create_context"]
"""As it is before Nova's fixtures replace it: it reads what keystonemiddleware writes, and so may we."""

INVENTORIES = ("VCPU", "MEMORY_MB", "DISK_GB")
ALMOST_NOTHING = 1


@dataclass(frozen=True)
class Kept:
    """A town as it was at some moment."""

    databases: dict[str, sqlite3.Connection] = field(default_factory=dict)
    guests: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The fake driver's instances, by host and uuid."""


ARCHIVE: dict[str, Kept] = {}
"""By the name under which it was kept; outlives the towns."""


class Town(integrated_helpers.ProviderUsageBaseTestCase):  # type: ignore[misc]
    """The real services and their simulated machines."""

    compute_driver = "fake.MediumFakeDriver"

    def __init__(self, number: int) -> None:
        """The `number`th town of this process."""
        self._number = number
        super().__init__()

    def id(self) -> str:
        """What Nova's fixtures tell test cases apart by."""
        return f"town {self._number}"

    def runTest(self) -> None:
        """A test case must have a test."""

    def setUp(self) -> None:
        """Start all services but the nova-computes."""
        self._hypervisors: dict[str, Hypervisor] = {}
        self._services: dict[str, Any] = {}
        self._wound: Any = None
        self._silence: Any = None
        self._bus: Any = None
        self.flags(api_paste_config=f"{sys.prefix}/etc/nova/api-paste.ini", group="wsgi")
        self.flags(report_interval=1, service_down_time=60)
        self.flags(notify_on_state_change="vm_and_task_state", group="notifications")
        self.flags(max_concurrent_live_migrations=8)  # of one process, which here is that of all hosts
        self.useFixture(fixtures.MonkeyPatch("nova.servicegroup.api.INITIAL_REPORTING_DELAY", 0.1))
        super().setUp()
        self.flags(rpc_response_timeout=20)
        self.stub_out("nova.api.auth.NovaKeystoneContext._create_context", CREATE_CONTEXT)

    def close(self) -> None:
        """End all of it; what hangs is let go."""
        for hypervisor in self._hypervisors.values():
            hypervisor.is_closing = True
        eventlet.sleep(0.1)
        self.wind(0.0)
        self.wake_cell()
        self.lose_casts(False)
        self.doCleanups()

    def start_service(self, name: str, host: str | None = None, **kwargs: Any) -> Any:
        """As Nova's own, and remember which is the present one."""
        started = super().start_service(name, host=host, **kwargs)
        self._services[name] = started
        return started

    # Furnishing.

    def furnish(self, hosts: list[str], kept: str = "") -> bool:
        """Start a nova-compute on each host, with all that was kept under this name; return whether anything was."""
        found = ARCHIVE.get(kept, Kept())
        for name, database in self._databases(found.databases):
            found.databases[name].backup(database)
        for host in hosts:
            if found.databases:
                self.host_mappings[host] = objects.HostMapping.get_by_host(context.get_admin_context(), host)
            self._start(host, found.guests.get(host, {}))
        for service in (*self._services.values(), *self.computes.values()):
            service.servicegroup_api._driver._report_state(
                service
            )  # what was kept says when they reported then
        return bool(found.databases)

    def keep(self, name: str) -> None:
        """Keep databases and hypervisors as they are now, for towns to come."""
        kept = Kept()
        for each, database in self._databases(["api", "placement", *self.cell_mappings]):
            kept.databases[each] = sqlite3.connect(":memory:")
            database.backup(kept.databases[each])
        for host, hypervisor in self._hypervisors.items():
            kept.guests[host] = deepcopy(hypervisor.instances)
        ARCHIVE[name] = kept

    def _databases(self, names: Any) -> Iterator[tuple[str, sqlite3.Connection]]:
        for name in names:
            with self._engine(name) as engine:
                connection = engine.raw_connection()
                yield name, connection.dbapi_connection
                connection.close()

    @contextmanager
    def _engine(self, name: str) -> Iterator[Any]:
        if name == "api":
            yield api_db.get_engine()
        elif name == "placement":
            yield placement_db.get_placement_engine()
        else:
            with context.target_cell(context.get_admin_context(), self.cell_mappings[name]) as cell:
                yield main_db.get_engine(context=cell)

    # Machines.

    def power_off(self, host: str) -> None:
        """The host loses power: nova-compute and all guests end, what it was building never comes to an end."""
        self._end(host, with_guests=True)

    def kill_compute(self, host: str) -> None:
        """nova-compute alone ends; the guests run on."""
        self._end(host, with_guests=False)

    def start_compute(self, host: str) -> None:
        """nova-compute starts, and finds what is on its hypervisor."""
        self._start(host)

    power_on = start_compute

    def hypervisors(self) -> dict[str, dict[str, str]]:
        """Return the truth: guests that are defined on each host, by uuid, `running` or `stopped`."""
        return {host: hypervisor.truth() for host, hypervisor in self._hypervisors.items()}

    def spawns_take(self, host: str, seconds: float) -> None:
        """Building a guest on the host takes so long, also what is being built now."""
        self._hypervisors[host].takes = seconds

    def fail_spawns(self, host: str, message: str) -> None:
        """Building on the host fails with this message; an empty one heals it."""
        self._hypervisors[host].fault = message

    def guest_dies(self, host: str, guest: str) -> None:
        """The guest ceases by itself, and nobody is told."""
        self._hypervisors[host].instances[guest].state = SHUT_DOWN

    def notices(self, host: str, guest: str) -> None:
        """The hypervisor tells that the guest has stopped, as libvirt does."""
        stopped = LifecycleEvent(guest, EVENT_LIFECYCLE_STOPPED)
        self.computes[host].manager.handle_events(stopped)

    def compare(self, host: str) -> None:
        """The host's nova-compute compares all its guests with their records, as it does each ten minutes."""
        self.computes[host].manager._sync_power_states(context.get_admin_context())

    def hold_migrations(self, host: str) -> None:
        """Live migrations from the host stay under way."""
        self._hypervisors[host].holds_migrations = True

    def refuse_migrations(self, host: str) -> None:
        """The host cannot prepare for a live migration to it."""
        self._hypervisors[host].refuses_migrations = True

    def fill(self, host: str) -> None:
        """Leave no room on the host, as Placement counts it."""
        found = self.placement.get(f"/resource_providers?name={host}").body["resource_providers"]
        provider = next(each["uuid"] for each in found if each["name"] == host)
        url = f"/resource_providers/{provider}/inventories"
        inventories = self.placement.get(url).body
        for each in INVENTORIES:
            amount = inventories["inventories"][each]
            amount["reserved"] = amount["total"] - ALMOST_NOTHING
        answer = self.placement.put(url, inventories)
        if answer.status != 200:
            raise AssertionError(answer.body)

    def ask_placement(self, path: str, version: str) -> dict[str, Any]:
        """Ask Placement, which listens nowhere, in one of its microversions."""
        answer = self.placement.get(path, version=version)
        return {"status": answer.status, "body": answer.body}

    def log(self) -> str:
        """Return what Nova's services have logged since the town began."""
        return str(self.stdlog.logger.output)

    def _start(self, host: str, guests: dict[str, Any] | None = None) -> None:
        def load(virtapi: Any, compute_driver: str | None = None) -> Hypervisor:
            found = self._hypervisors.setdefault(host, Hypervisor(virtapi))
            found.instances.update(deepcopy(guests or {}))
            return found

        with mock.patch("nova.virt.driver.load_compute_driver", load):
            self._start_compute(host)

    def _end(self, host: str, *, with_guests: bool) -> None:
        self._hypervisors[host].die(with_guests=with_guests)
        _end_at_once(self.computes[host])

    # Services of the control plane.

    def stop_service(self, name: str) -> None:
        """End the conductor or the scheduler; messages to it wait."""
        _end_at_once(self._services[name])

    def start_service_again(self, name: str) -> None:
        """Start it again; it carries out what waited."""
        self._service_fixture_count[name] = 0
        self.start_service(name)

    def lose_casts(self, lost: bool) -> None:
        """The message bus does not take what the API asks of the conductor."""
        if self._bus:
            self._bus.stop()
        away = messaging.MessageDeliveryFailure("the bus is away")
        self._bus = (
            mock.patch.object(rpcapi.ComputeTaskAPI, "rebuild_instance", side_effect=away) if lost else None
        )
        if self._bus:
            self._bus.start()

    def end_evacuation(self, behind: str) -> None:
        """The next evacuation ends behind the guest's task, or behind the action: its next line fails, once."""
        line = {"task": (compute.API, "_record_action_start"), "action": (objects.Migration, "create")}[
            behind
        ]
        failing: Any = mock.patch.object(*line, side_effect=lambda *_, **__: _end(failing))
        failing.start()

    def time_out_scheduling(self, seconds: float) -> None:
        """The conductor waits so long for the scheduler's answer."""
        self.flags(long_rpc_timeout=int(seconds))

    def updates(self, guest: str) -> list[list[str | None]]:
        """Return what Nova told of the guest as it changed: vm_state, task_state and host."""
        told = [each["payload"]["nova_object.data"] for each in self.notifier.versioned_notifications]
        return [
            [
                data["state"],
                data["state_update"]["nova_object.data"]["new_task_state"],
                data["host"],
            ]
            for data in told
            if data.get("uuid") == guest and "state_update" in data
        ]

    def told(self) -> list[dict[str, Any]]:
        """Return all of Nova's versioned notifications, the oldest first. The fixture keeps neither their contexts nor
        when they were sent."""
        return [dict(each) for each in self.notifier.versioned_notifications]

    def silence_cell(self) -> None:
        """The database of the cells does not answer the API."""
        cells = objects.CellMappingList(objects=[self.cell_mappings["cell1"]])
        self._silence = nova_fixtures.DownCellFixture(cells)
        self._silence.setUp()

    def wake_cell(self) -> None:
        """It answers again."""
        if self._silence:
            self._silence.cleanUp()
            self._silence = None

    def wind(self, seconds: float) -> None:
        """Let Nova's clock run so many seconds ahead of the true time, or behind it."""
        if self._wound:
            self._wound.stop()
        shifted = partial(_shifted, timeutils.utcnow, seconds)
        self._wound = mock.patch.object(timeutils, "utcnow", shifted) if seconds else None
        if self._wound:
            self._wound.start()


def _shifted(clock: Callable[..., Any], seconds: float, *args: Any, **kwargs: Any) -> Any:
    return clock(*args, **kwargs) + timedelta(seconds=seconds)


def _end(failing: Any) -> None:
    failing.stop()
    raise RuntimeError("the API ends here")


def _end_at_once(service: Any) -> None:
    """End a service as a kill does, where Nova's own `stop` waits for what is under way."""
    for server in (service.rpcserver, service.rpcserver_alt):
        if server is not None:
            server.stop()
    oslo_service.Service.stop(service)


def give_each_process_its_own_locks() -> None:
    """Let a nova-compute's locks bind itself only: all share one process here, and one that hangs holds the lock on
    the guest that the next one is to build."""
    shared = utils.synchronized

    def synchronized(name: str, *args: Any, **kwargs: Any) -> Any:
        owner = sys._getframe(1).f_locals.get("self")
        own = f"{name} of {id(owner)}" if isinstance(owner, manager.ComputeManager) else name
        return shared(own, *args, **kwargs)

    utils.synchronized = synchronized


def forgive_deprecations() -> None:
    """Leave warnings alone: Nova's own tests make errors of those of SQLAlchemy, and the API answered 500."""
    nova_fixtures.WarningsFixture = fixtures.Fixture
