"""What Nova tells by versioned notifications, in the shapes of a real Nova 34's (tests/samples/nova-notifications): as
much of each as somebody reads.

Whatever writes a guest's or a service's record says so here. Which request a guest's update belongs to is the newest
that was made about it, as it is in nearly all of Nova. How a message travels, and whether it arrives, is others'
business.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from kasugai.core.recovering.nova_views import By
from kasugai.sim.cloud.model import Guest, Host

COMPUTE, API, CONDUCTOR = "nova-compute", "nova-api", "nova-conductor"
CONTROLLER = "controller"
"""The machine of all but nova-compute."""
USERS: Mapping[By, str | None] = {By.US: "kasugai", By.OTHERS: "alice", By.NOVA: None}
"""Who asks, as his id."""
EVENTS = {"stop": "power_off", "start": "power_on", "shelve": "shelve_offload"}
"""By Nova's name of an action, where its notifications call it otherwise."""

Message = dict[str, Any]


class Voice:
    """Nova's notifier. Nobody listens at first, and then it says nothing."""

    def __init__(self, wall: Callable[[], float], derive: Callable[[str, str | int], UUID]) -> None:
        """Say at which time by `wall`."""
        self._wall = wall
        self._derive = derive
        self._said = 0
        self._asked: dict[str, tuple[str | None, str | None]] = {}
        """By guest: the newest request about it, and its user."""
        self._known: dict[str, tuple[str, str | None, str | None]] = {}
        """By guest: state, task and host as they were last said."""
        self.hearers: list[Callable[[Message], None]] = []

    def begin(self, guests: Mapping[str, Guest]) -> None:
        """From now on changes of these guests are told."""
        self._known = {guest.uuid: _state(guest) for guest in guests.values()}

    def asked(self, guest: str, request: str | None, by: By) -> None:
        """Somebody asks something of a guest."""
        self._asked[guest] = (request, USERS[by])

    def saved(self, guest: Guest) -> None:
        """The record of a guest was written: told if that changes its state, its task or its host."""
        before, now = self._known.get(guest.uuid, ("building", None, None)), _state(guest)
        if before == now or not self.hearers:
            return
        self._known[guest.uuid] = now
        update = {
            "old_state": before[0],
            "old_task_state": before[1],
            "state": now[0],
            "new_task_state": now[1],
        }
        payload = self._payload(guest) | {"state_update": _object(update)}
        self._say(
            "instance.update", COMPUTE, CONTROLLER, payload, self._asked.get(guest.uuid, (None, None))[0]
        )

    def says(self, guest: Guest, event: str, service: str, machine: str, exception: str = "") -> None:
        """Something is done with a guest; with an exception: it fails."""
        fault = _object({"exception": exception}) if exception else None
        request = self._asked.get(guest.uuid, (None, None))[0]
        self._say(f"instance.{event}", service, machine, self._payload(guest) | {"fault": fault}, request)

    def raises(self, machine: str, exception: str, request: str | None) -> None:
        """A nova-compute raises an exception; the payload names no guest and no user."""
        self._say("compute.exception", COMPUTE, machine, {"exception": exception}, request)

    def fails_to_build(self, user: str, machine: str, exception: str) -> None:
        """A nova-compute cannot build a guest that a user wants. The exception comes first, and names nobody."""
        number = self._said
        request = f"req-{self._derive('build', number)}"
        self.raises(machine, exception, request)
        payload = {
            "uuid": str(self._derive("unborn", number)),
            "host": machine,
            "state": "building",
            "task_state": None,
            "action_initiator_user": user,
            "request_id": request,
            "fault": _object({"exception": exception}),
        }
        self._say("instance.create.error", COMPUTE, machine, payload, request)

    def does(self, guest: Guest, action: str) -> None:
        """A nova-compute has done with its guest what was asked by that action."""
        self.says(guest, f"{EVENTS.get(action, action)}.end", COMPUTE, guest.host or CONTROLLER)

    def serves(self, host: Host) -> None:
        """The record of a compute service was written by the API."""
        service = host.service
        payload = {
            "binary": COMPUTE,
            "host": host.name,
            "disabled": not service.enabled,
            "disabled_reason": service.disabled_reason or None,
            "forced_down": service.forced_down,
        }
        self._say("service.update", COMPUTE, host.name, payload, str(self._derive("put", self._said)))

    def groups(self, name: str, hosts: list[str]) -> None:
        """An aggregate has got another host."""
        self._say("aggregate.add_host.end", API, CONTROLLER, {"name": name, "hosts": list(hosts)}, None)

    def _payload(self, guest: Guest) -> dict[str, Any]:
        request, user = self._asked.get(guest.uuid, (None, None))
        state, task, host = _state(guest)
        return {
            "uuid": guest.uuid,
            "host": host,
            "state": state,
            "task_state": task,
            "action_initiator_user": user,
            "request_id": request if user else None,
        }

    def _say(
        self, event: str, service: str, machine: str, payload: dict[str, Any], request: str | None
    ) -> None:
        if not self.hearers:
            return
        self._said += 1
        at = datetime.fromtimestamp(self._wall(), UTC)
        message = {
            "_context_request_id": request,
            "event_type": event,
            "message_id": str(self._derive("message", self._said)),
            "payload": _object(payload),
            "priority": "ERROR" if "error" in event or "exception" in event else "INFO",
            "publisher_id": f"{service}:{machine}",
            "timestamp": at.strftime("%Y-%m-%d %H:%M:%S.%f"),
        }
        for hearer in self.hearers:
            hearer(message)


def _state(guest: Guest) -> tuple[str, str | None, str | None]:
    return "deleted" if guest.deleted else guest.vm_state, guest.task_state, guest.host


def _object(data: dict[str, Any]) -> dict[str, Any]:
    """Return an object as Nova writes it."""
    return {"nova_object.data": data, "nova_object.namespace": "nova", "nova_object.version": "1.0"}
