"""What becomes what: the one table. docs/operators/bridge.md is drawn from it.

All rows that fit a notification count. About a guest's state at most one does: the others say who asked, where it goes,
and who failed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import lru_cache

from kasugai.bridge.reading.conditions import (
    OFF,
    OURS,
    blames_host,
    errs,
    forced,
    is_by_hand,
    is_gone,
    is_moving,
    is_stopped_by_nova,
    never_ran,
    set_aside,
    turns,
)
from kasugai.bridge.reading.heard import COMPUTE, Heard


class Becomes(StrEnum):
    """What a row makes of a notification."""

    FAILED = "a fault"
    """A guest has failed: `down`, once per request."""
    WELL = "no fault any more"
    """What was said of the guest before is over: `clear`, if anything was said."""
    WISH = "a wish"
    """A user wished it so: counted, and not acted upon."""
    MOVES = "where from, where to"
    """The request moves the guest; it has not landed."""
    LANDED = "a landing"
    """The guest has another host than the same request named before."""
    CALLER = "a failed caller"
    """Who asked has failed on that host: `failing`, which is counted per caller and no witness."""
    NOTHING = "nothing"
    """Nothing is published; how many came is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: which notifications, and what becomes of them."""

    events: str
    """Names of events, a blank between two; `*` stands for anything."""
    when: str
    """Under which condition, in words."""
    holds: Callable[[Heard], bool] = lambda heard: True
    """The same."""
    becomes: Becomes
    why: str
    """In a sentence for operators."""
    story: str = ""
    """The scenario that shows it."""

    def is_about(self, event: str) -> bool:
        """Whether it names the event."""
        return any(fnmatchcase(event, pattern) for pattern in self.events.split())


TABLE = (
    Row(
        events="instance.update",
        when="the state becomes `error`, in no move, and not by hand",
        holds=errs,
        becomes=Becomes.FAILED,
        why="what Nova did with the guest has failed, and nobody may know",
        story="nova-gives-a-guest-up",
    ),
    Row(
        events="instance.update",
        when="the state becomes `error` with no task before or after, and a user asked for it",
        holds=lambda heard: turns(heard, "error") and is_by_hand(heard) and not never_ran(heard),
        becomes=Becomes.NOTHING,
        why="somebody has set it by hand (`openstack server set --state error`); the guest may run",
        story="an-operator-sets-a-guest-to-error",
    ),
    Row(
        events="instance.update",
        when="the state becomes `error` in a rebuild, an evacuation, a resize or a migration",
        holds=lambda heard: turns(heard, "error") and is_moving(heard) and not never_ran(heard),
        becomes=Becomes.NOTHING,
        why="whoever moves it sees that by himself; a recovery of ours does",
        story="an-evacuation-fails-and-nova-says-so",
    ),
    Row(
        events="instance.update",
        when="the state becomes `error` in the guest's first build",
        holds=lambda heard: turns(heard, "error") and never_ran(heard),
        becomes=Becomes.NOTHING,
        why="it has never run",
    ),
    Row(
        events="instance.update",
        when="an active guest becomes `stopped`, and nobody asked for it",
        holds=lambda heard: is_stopped_by_nova(heard) and heard.was == "active",
        becomes=Becomes.FAILED,
        why="Nova found it off and stopped it (its periodic sync, or libvirt's event): it has ended by itself",
        story="nova-finds-a-guest-off",
    ),
    Row(
        events="instance.update",
        when="a guest that was not active becomes `stopped`, and nobody asked for it",
        holds=lambda heard: is_stopped_by_nova(heard) and heard.was != "active",
        becomes=Becomes.NOTHING,
        why="its user had taken it out of service before",
        story="nova-finds-a-paused-guest-off",
    ),
    Row(
        events="instance.update",
        when="the state becomes `stopped`, and a user asked for it",
        holds=lambda heard: turns(heard, "stopped") and not heard.task and heard.user != "",
        becomes=Becomes.WELL,
        why="it is as somebody wished it",
        story="a-user-stops-a-guest-and-nova-says-so",
    ),
    Row(
        events="instance.update",
        when="the state becomes `active`, without a task",
        holds=lambda heard: turns(heard, "active") and not heard.task,
        becomes=Becomes.WELL,
        why="it runs (again)",
        story="a-user-starts-what-nova-found-off",
    ),
    Row(
        events="instance.update",
        when="the state becomes `paused`, `suspended`, `rescued`, `shelved`, `resized`",
        holds=lambda heard: heard.state in OFF and heard.was != heard.state and not is_gone(heard),
        becomes=Becomes.WELL,
        why="it is as somebody wished it",
    ),
    Row(
        events="instance.update",
        when="it is deleted, or being deleted",
        holds=is_gone,
        becomes=Becomes.WELL,
        why="nobody wants it any more",
        story="a-user-deletes-what-nova-found-off",
    ),
    Row(
        events="instance.update",
        when="a task is under way",
        holds=lambda heard: heard.task != "" and not is_gone(heard) and not turns(heard, "error"),
        becomes=Becomes.NOTHING,
        why="it is on its way; its host is where the request found it",
    ),
    Row(
        events="instance.update",
        when="without a task, on another host than an earlier notification of the same request named",
        holds=lambda heard: not heard.task and heard.host != "",
        becomes=Becomes.LANDED,
        why="the host is what Nova changes last: an evacuation, or a migration, has ended well",
        story="landings-are-told",
    ),
    Row(
        events="instance.evacuate instance.rebuild_scheduled instance.rebuild.* instance.live_migration_* "
        "instance.resize*",
        when="always",
        becomes=Becomes.MOVES,
        why="its host is the source, its publisher (of a conductor too) the destination; somebody else may have asked: "
        "a recovery of ours reads Nova's records before it calls",
        story="somebody-else-evacuates-and-nova-says-so",
    ),
    Row(
        events="instance.power_off.* instance.shutdown.* instance.delete.* instance.soft_delete.* instance.pause.* "
        "instance.suspend.* instance.rescue.* instance.shelve.* instance.shelve_offload.*",
        when="a user asked for it",
        holds=lambda heard: heard.user != "",
        becomes=Becomes.WISH,
        why="it should not run: a worker reads the same in Nova's account of the guest, and leaves it",
        story="a-user-stops-a-guest-and-nova-says-so",
    ),
    Row(
        events="instance.power_off.* instance.shutdown.*",
        when="nobody asked for it",
        holds=lambda heard: heard.names_user and heard.user == "",
        becomes=Becomes.NOTHING,
        why="Nova does it by itself; what it means says the update that follows",
        story="nova-finds-a-guest-off",
    ),
    Row(
        events="instance.create.* instance.power_on.* instance.reboot.* instance.unpause.* instance.resume.* "
        "instance.unrescue.* instance.unshelve.* instance.restore.*",
        when="a user asked for it",
        holds=lambda heard: heard.user != "",
        becomes=Becomes.WISH,
        why="it should run",
    ),
    Row(
        events="instance.*.error",
        when="nova-compute says so, and the exception blames nothing that was asked for",
        holds=blames_host,
        becomes=Becomes.CALLER,
        why="a build, an evacuation or a volume has failed on that host for the user who asked",
        story="three-callers-fail-on-a-host",
    ),
    Row(
        events="compute.exception",
        when="nova-compute says so, and the exception blames nothing that was asked for",
        holds=blames_host,
        becomes=Becomes.CALLER,
        why="the same; one that was raised elsewhere, and a time-out, count against the request's destination, if that "
        "is known, and else against nobody",
        story="three-callers-fail-on-a-host",
    ),
    Row(
        events="libvirt.connect.error",
        when="always",
        holds=lambda heard: heard.service == COMPUTE and heard.machine != "",
        becomes=Becomes.CALLER,
        why="nova-compute itself cannot reach libvirt on its host",
    ),
    Row(
        events="compute_task.*.error",
        when="always",
        becomes=Becomes.NOTHING,
        why="no host had room, or the scheduler did not answer: that is no host's fault",
    ),
    Row(
        events="service.update",
        when="`forced_down` is set, by whomever",
        holds=forced,
        becomes=Becomes.NOTHING,
        why="a mark makes no death and ends none (ADR 25); a recovery reads the service before its steps",
        story="an-operator-forces-down-a-host-and-nova-says-so",
    ),
    Row(
        events="service.update",
        when="disabled with a reason that begins with `Kasugai`",
        holds=lambda heard: set_aside(heard) and heard.disabled_reason.startswith(OURS),
        becomes=Becomes.NOTHING,
        why="we did it",
        story="we-disable-a-host-and-nova-says-so",
    ),
    Row(
        events="service.update",
        when="disabled by somebody else",
        holds=lambda heard: set_aside(heard) and not heard.disabled_reason.startswith(OURS),
        becomes=Becomes.NOTHING,
        why="it gets no new guests, and that is all that it says",
        story="an-operator-forces-down-a-host-and-nova-says-so",
    ),
    Row(
        events="service.update",
        when="enabled and not forced down",
        holds=lambda heard: not (heard.forced_down or heard.disabled),
        becomes=Becomes.NOTHING,
        why="a mark was taken away; that it reports is for `kasugai observe nova` to see",
    ),
    Row(
        events="aggregate.*",
        when="always",
        becomes=Becomes.NOTHING,
        why="marks and reserves of aggregates are read from Nova whenever they are asked for; segments are the "
        "inventory's",
        story="an-aggregate-changes-and-nova-says-so",
    ),
    Row(
        events="instance.exists instance.lock instance.unlock instance.snapshot.* instance.interface_* "
        "instance.volume_* instance.share_* instance.trigger_crash_dump.* service.create service.delete "
        "flavor.* keypair.* server_group.* volume.usage metrics.update scheduler.select_destinations.*",
        when="always",
        becomes=Becomes.NOTHING,
        why="they say nothing about a failure",
    ),
)


def rows_of(heard: Heard) -> tuple[Row, ...]:
    """Return all rows that fit."""
    return tuple([row for row in _about(heard.event) if row.holds(heard)])


@lru_cache(1_000)
def _about(event: str) -> tuple[Row, ...]:
    return tuple(row for row in TABLE if row.is_about(event))
