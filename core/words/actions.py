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


class About(StrEnum):
    """Whom a step concerns."""

    HOST = "host"
    """The host that failed."""
    RESERVE = "reserve"
    """A host that is to take its guests: one that cannot be made ready is no failure, the next one is tried."""
    GUEST = "guest"
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
    }
)


def wording(action: str) -> Wording:
    """Return what is known of an action; of an unknown one its own name, and that nothing else is known."""
    return WORDINGS.get(action) or Wording(
        action=action, about=About.UNKNOWN, meaning=Meaning.ON_THE_WAY, sentence="{action} {name}{to}"
    )
