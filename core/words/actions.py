"""The kinds of steps as everybody may know them: names, whom they are about, sentences, what their end means.

How a step is assessed and carried out is the business of `recovering.steps`, which completes these values; whoever
tells of steps or counts them needs no more than this, also about a step that a newer worker has taken.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Action(StrEnum):
    """The kinds of wished-for states. On the wire an action is text: a newer worker may know more of them."""

    FENCE = "fence"
    """The host is off, or somebody trusted vouches for it."""
    FORCE_DOWN = "force-down"
    """Nova holds the host's compute service for down and disabled."""
    JOIN = "add-to-aggregate"
    """A reserve is in an aggregate of the source."""
    ENABLE = "enable-compute"
    """A reserve's compute service is enabled: Nova sends guests there."""
    RESET = "reset"
    """The guest's vm_state is one that Nova evacuates."""
    EVACUATE = "evacuate"
    """The guest is on another host, by Nova's word."""
    RESTORE = "restore"
    """The guest is in the power state that it had."""
    SWEEP = "sweep"
    """A look at the source after all else finds no guest that the plan does not know."""
    STOP = "stop"
    """The guest that failed is off, by Nova's word: only so can it be started."""
    MIGRATE = "migrate"
    """The guest is on another host, which waits for a confirmation."""
    CONFIRM_MIGRATION = "confirm-migration"
    """The guest's former host has let go of it."""
    START = "start"
    """The guest that was off runs, by Nova's word."""
    LIVE_MIGRATE = "live-migrate"
    """The guest runs on another host than the degraded one, without having been stopped."""
    COLD_MIGRATE = "cold-migrate"
    """The guest, which is off, is on another host than the degraded one, and nothing waits for a confirmation."""
    CONFIRM_COLD = "confirm-cold-migration"
    """The degraded host has let go of the guest that was moved while it was off."""
    DISABLE = "disable-compute"
    """The compute service of the host whose process failed is disabled: Nova sends no guests there."""
    ENABLE_AGAIN = "enable-again"
    """The compute service that an incident of ours disabled is enabled, unless somebody else has spoken since."""
    POWER_ON = "power-on"
    """The host that was recovered is on."""
    OPEN_STORAGE = "open-storage"
    """The storage that our fence closed to the host lets it in again; what others closed stays closed."""
    REENABLE = "re-enable"
    """The compute service that our force-down took out is as it was before, unless somebody else has spoken since."""
    START_AGAIN = "start-again"
    """The guest that waited for its host runs there, if its user still wishes it."""
    RETIRE = "retire"
    """Nova knows no compute service of the host any more."""
    CUSTOM_STEP = "custom-step"
    """The wished-for state of a step of the operator's own; its subject is the step's name."""
    CONFIRM = "confirm"
    """A look after all else finds the subject as it should be."""


class About(StrEnum):
    """Whom a step concerns."""

    HOST = "host"
    """The host that failed."""
    RESERVE = "reserve"
    """A host that is to take its guests: one that cannot be made ready is no failure, the next one is tried."""
    GUEST = "guest"
    NOBODY = "nobody"
    """Nobody that the recovery is about: a step of the operator's own, which is no effect on the subject."""
    UNKNOWN = "unknown"
    """A step of a kind that this Kasugai does not know."""


class Meaning(StrEnum):
    """What a step's end says about its subject, to those who tell of it or count it."""

    FENCED = "fenced"
    """The host cannot touch its guests' disks any more."""
    OUT = "out"
    """The host is out of service."""
    IN_USE = "in-use"
    """The reserve has been put to use: it is a reserve no more."""
    MOVED = "moved"
    """The guest is elsewhere."""
    RESTORED = "restored"
    """The guest that was moved is as it was."""
    ON_THE_WAY = "on-the-way"
    """Nothing by itself: a later step depends on it."""
    RESTARTED = "restarted"
    """The guest that had failed runs again."""
    SHUT = "shut"
    """The host gets no new guests."""
    OPENED = "opened"
    """The host gets guests again."""
    RETIRED = "retired"
    """The host has been given up."""
    ALL_SEEN = "all-seen"
    """Nobody is left. Nothing is called and nothing recorded: the attempt's answer says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What everybody may know of a kind of step."""

    action: str
    about: About
    meaning: Meaning
    sentence: str
    """What its beginning is told as, with its subject's name, and `{to}`: where it was directed, if anywhere."""

    def tell(self, name: str, target: str) -> str:
        """Return the sentence about a step."""
        return self.sentence.format(action=self.action, name=name, to=f" to {target}" if target else "")


def _wording(action: Action, about: About, meaning: Meaning) -> Wording:
    return Wording(action=action, about=about, meaning=meaning, sentence="{action} {name}")


WORDINGS: Mapping[str, Wording] = MappingProxyType(
    {
        Action.FENCE: _wording(Action.FENCE, About.HOST, Meaning.FENCED),
        Action.FORCE_DOWN: _wording(Action.FORCE_DOWN, About.HOST, Meaning.OUT),
        Action.JOIN: _wording(Action.JOIN, About.RESERVE, Meaning.ON_THE_WAY),
        Action.ENABLE: _wording(Action.ENABLE, About.RESERVE, Meaning.IN_USE),
        Action.RESET: _wording(Action.RESET, About.GUEST, Meaning.ON_THE_WAY),
        Action.EVACUATE: Wording(
            action=Action.EVACUATE,
            about=About.GUEST,
            meaning=Meaning.MOVED,
            sentence="{action} {name}{to}",
        ),
        Action.RESTORE: _wording(Action.RESTORE, About.GUEST, Meaning.RESTORED),
        Action.SWEEP: _wording(Action.SWEEP, About.HOST, Meaning.ALL_SEEN),
        Action.STOP: _wording(Action.STOP, About.GUEST, Meaning.ON_THE_WAY),
        Action.MIGRATE: Wording(
            action=Action.MIGRATE, about=About.GUEST, meaning=Meaning.MOVED, sentence="{action} {name}{to}"
        ),
        Action.LIVE_MIGRATE: Wording(
            action=Action.LIVE_MIGRATE,
            about=About.GUEST,
            meaning=Meaning.MOVED,
            sentence="{action} {name}{to}",
        ),
        Action.COLD_MIGRATE: Wording(
            action=Action.COLD_MIGRATE,
            about=About.GUEST,
            meaning=Meaning.MOVED,
            sentence="{action} {name}{to}",
        ),
        Action.CONFIRM_COLD: _wording(Action.CONFIRM_COLD, About.GUEST, Meaning.ON_THE_WAY),
        Action.CONFIRM_MIGRATION: _wording(Action.CONFIRM_MIGRATION, About.GUEST, Meaning.ON_THE_WAY),
        Action.START: _wording(Action.START, About.GUEST, Meaning.RESTARTED),
        Action.DISABLE: _wording(Action.DISABLE, About.HOST, Meaning.SHUT),
        Action.ENABLE_AGAIN: _wording(Action.ENABLE_AGAIN, About.HOST, Meaning.OPENED),
        Action.POWER_ON: _wording(Action.POWER_ON, About.HOST, Meaning.ON_THE_WAY),
        Action.OPEN_STORAGE: _wording(Action.OPEN_STORAGE, About.HOST, Meaning.ON_THE_WAY),
        Action.REENABLE: _wording(Action.REENABLE, About.HOST, Meaning.OPENED),
        Action.START_AGAIN: _wording(Action.START_AGAIN, About.GUEST, Meaning.RESTARTED),
        Action.RETIRE: _wording(Action.RETIRE, About.HOST, Meaning.RETIRED),
        Action.CUSTOM_STEP: _wording(Action.CUSTOM_STEP, About.NOBODY, Meaning.ON_THE_WAY),
        Action.CONFIRM: _wording(Action.CONFIRM, About.UNKNOWN, Meaning.ALL_SEEN),
    }
)


def wording(action: str) -> Wording:
    """Return what is known of an action; of an unknown one its own name, and that nothing else is known."""
    return WORDINGS.get(action) or Wording(
        action=action, about=About.UNKNOWN, meaning=Meaning.ON_THE_WAY, sentence="{action} {name}{to}"
    )
