"""Nova's instance actions: what was asked of a guest, by which request, and how each service's part of it ended.

Source: Nova 34's InstanceAction, EventReporter and action_event_finish. The key of an action is the id that Nova itself
gave to the request and tells in its reply (`x-openstack-request-id`). An id that a client sends in a header of that
name is its global request id: it goes into Nova's logs and notifications, and no action knows it.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from kasugai.core.recovering.nova_views import By
from kasugai.sim.cloud.model import Guest
from kasugai.sim.cloud.world import World

SUCCESS, ERROR = "Success", "Error"
HISTORY = {
    "stopped": "stop",
    "paused": "pause",
    "suspended": "suspend",
    "rescued": "rescue",
    "shelved": "shelve",
    "shelved_offloaded": "shelve",
    "resized": "resize",
    "soft-delete": "delete",
}
"""By vm_state: what a guest's user asked for last that it is in it. Before that he created it."""


@dataclass(slots=True, kw_only=True)
class ActionEvent:
    """One service's part: rebuild_server (the conductor's), compute_rebuild_instance, compute_stop_instance, ..."""

    event: str
    host: str
    start: float
    finish: float | None = None
    """None: under way, or whoever did it has died."""
    result: str | None = None
    details: str | None = None


@dataclass(slots=True, kw_only=True)
class Action:
    """One request. Times are the scheduler's seconds."""

    request_id: str
    action: str
    """evacuate, stop, start, migrate, confirmResize, resetState, delete, ..., as Nova 34 names them."""
    guest: str
    start: float
    updated_at: float
    by: By = By.US
    """Who asked: Nova itself names no user."""
    message: str | None = None
    """`Error` as soon as one of its events has failed."""
    events: list[ActionEvent] = field(default_factory=list)


class Actions:
    """The actions of all guests."""

    def __init__(self, world: World) -> None:
        """Nothing was asked."""
        self._world = world
        self._requests = 0
        self._by_guest: dict[str, list[Action]] = defaultdict(list)

    def of(self, guest: str) -> list[Action]:
        """Return a guest's actions, newest first."""
        return self._by_guest.get(guest, [])[::-1]

    def record_history(self, guest: Guest) -> None:
        """Write down what its user asked of a guest that has been there for long."""
        for action in filter(None, ("create", HISTORY.get(guest.vm_state))):
            past = self.start(guest, action, By.OTHERS)
            past.start = past.updated_at = guest.created_at

    def purge(self, guest: Guest) -> None:
        """Forget all that was asked of a guest, as an operator's clean-up of the database may."""
        self._by_guest.pop(guest.uuid, None)

    def request_id(self) -> str:
        """Return a new request id of Nova's own."""
        self._requests += 1
        return f"req-{self._world.derive('request', self._requests)}"

    def start(self, guest: Guest, action: str, by: By = By.US) -> Action:
        """Write down that a request has come."""
        now = self._world.now()
        begun = Action(
            request_id=self.request_id(), action=action, guest=guest.uuid, start=now, updated_at=now, by=by
        )
        self._by_guest[guest.uuid].append(begun)
        self._world.voice.asked(guest.uuid, begun.request_id, by)
        return begun

    def begin(self, action: Action, event: str, host: str) -> ActionEvent:
        """Write down that a service begins its part."""
        begun = ActionEvent(event=event, host=host, start=self._world.now())
        action.events.append(begun)
        action.updated_at = self._world.now()
        return begun

    def finish(self, action: Action, event: ActionEvent, error: str = "") -> None:
        """Write down how it ended; with an error, so did the action."""
        event.finish = action.updated_at = self._world.now()
        event.result, event.details = (ERROR, error) if error else (SUCCESS, None)
        if error:
            action.message = ERROR
