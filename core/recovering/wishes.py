"""What a guest should be by its user's last word, and whether what was reported is the user's own doing.

Nova keeps an account of what was asked of a guest (os-instance-actions). Its times are whole seconds of the clock of
one of Nova's machines; a failure was seen by the broker's clock. Both are set by NTP, and `SLACK` is what they, and the
way of a report, may differ by.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

from kasugai.core.recovering.nova_views import ASKS_TO_RUN, ActionView, By, GuestView
from kasugai.core.words.timing import BrokerTime, Millis, NovaTime

SLACK: Millis = Millis(5_000)
"""An action that began or ended so near to the failure may be its cause: hosts under NTP differ by milliseconds, two
rounded seconds by one, and what a monitor says is a second or two old. `NOVA_SKEW` is no measure here: it is for
conclusions that destroy. Too large a slack leaves a guest down whose user was at it just then, and sees it; too small
a one stops a guest that its user has just started or rebooted, so that in doubt it is his doing."""
UNENDED: Millis = Millis(60_000)
"""So long an action may have lasted of which Nova tells no end although it has no task any more."""
STOP, START, MIGRATE, CONFIRM_RESIZE = "stop", "start", "migrate", "confirmResize"
"""Nova's names of the actions that a recovery asks for."""
RESIZE, REVERT_RESIZE = "resize", "revertResize"
"""Those by which a user moves a guest as a cold migration does, and back."""


class Wish(StrEnum):
    """What a guest should be."""

    RUNS = "runs"
    OFF = "off"
    """Its user took it out of service himself."""


def _each(wish: Wish, names: str) -> dict[str, Wish]:
    return dict.fromkeys(names.split(), wish)


WISHES: Mapping[str, Wish] = MappingProxyType(
    {
        **dict.fromkeys(("create", *ASKS_TO_RUN), Wish.RUNS),
        **_each(Wish.OFF, "stop pause suspend rescue shelve shelveOffload delete"),
    }
)
"""By Nova's name of an action (nova/compute/instance_actions.py, 2026.1). All others say nothing: a rebuild, a resize,
a migration and an evacuation leave a guest as it was, running or not."""
_DOINGS = (
    "stop reboot pause suspend rescue unrescue shelve shelveOffload delete rebuild resize revertResize confirmResize "
    "migrate live-migration evacuate trigger_crash_dump createImage createBackup"
)
DOINGS = frozenset(_DOINGS.split())
"""Actions by which a guest stops, pauses or leaves its host for a while, as a monitor sees it."""
BEGINNINGS = frozenset({*(name for name, wish in WISHES.items() if wish is Wish.RUNS), "rebuild"})
"""Actions after which a guest runs that ran, or should."""


def last_word(actions: Iterable[ActionView]) -> ActionView | None:
    """Return what the guest's user asked for last that says whether it should run; None when Nova does not know it.
    Whether it succeeded is no matter. `actions`: newest first."""
    return next((each for each in actions if each.by is By.OTHERS and each.action in WISHES), None)


def wish(actions: Iterable[ActionView], guest: GuestView) -> Wish:
    """Return what the guest should be: what its user asked for last, else what Nova's vm_state says, so that a stopped
    one is left of which nobody knows who wished it."""
    word = last_word(actions)
    if word is not None:
        return WISHES[word.action]
    return Wish.OFF if guest.vm_state == "stopped" else Wish.RUNS


def is_off_unasked(actions: Iterable[ActionView], guest: GuestView) -> bool:
    """Whether the guest seems stopped against its wish, and not by us: of one that we have stopped, or moved while it
    was, nobody can ask that again."""
    known = tuple(actions)
    if guest.vm_state != "stopped" or wish(known, guest) is not Wish.RUNS:
        return False
    ours = (STOP, MIGRATE, CONFIRM_RESIZE)
    telling = (
        each for each in known if each.by is not By.NOVA and (each.action in WISHES or each.action in ours)
    )
    newest = next(telling, None)
    return newest is None or newest.by is not By.US or newest.action not in ours


def caused_by_user(actions: Iterable[ActionView], seen_at: BrokerTime) -> ActionView | None:
    """Return the newest action of the user's that may have caused what was seen at `seen_at`; None for none. `actions`:
    newest first."""
    return next((each for each in actions if _is_doing(each) and _covers(each, seen_at)), None)


def _is_doing(each: ActionView) -> bool:
    return each.by is By.OTHERS and each.action in DOINGS


def _covers(each: ActionView, seen_at: BrokerTime) -> bool:
    return each.began_at - SLACK <= seen_at <= _end(each) + SLACK


def _end(each: ActionView) -> int:
    return each.ended_at if each.ended_at is not None else each.began_at + UNENDED


OURS: Millis = Millis(2_000)
"""How much later than the end of our own start a sign may be said that is older: two clocks, one of whole seconds. A
guest that fails sooner after a start than that is left until somebody sees it again."""


def restarted_by(actions: Iterable[ActionView], seen_at: BrokerTime) -> ActionView | None:
    """Return the newest action by which the guest began to run after it was seen to fail; None for none. A user's
    counts from `SLACK` before that moment on. One of ours began because of an earlier report: it counts if the sign was
    said before it was over, for our own stop looks like a failure to a monitor. `actions`: newest first."""
    return next((each for each in actions if _is_beginning(each) and _is_later(each, seen_at)), None)


def _is_beginning(each: ActionView) -> bool:
    return each.action in BEGINNINGS and each.by is not By.NOVA and not each.has_failed


def _is_later(each: ActionView, seen_at: BrokerTime) -> bool:
    if each.by is By.OTHERS:
        return each.began_at + SLACK >= seen_at
    return _end_of_ours(each) + OURS >= seen_at


def _end_of_ours(each: ActionView) -> int:
    return each.ended_at if each.ended_at is not None else each.began_at


def built_since(launched_at: NovaTime | None, seen_at: BrokerTime) -> bool:
    """Whether a nova-compute has surely built the guest after it was seen to fail."""
    return launched_at is not None and launched_at > seen_at + SLACK


def begun_by_user(actions: Iterable[ActionView]) -> ActionView | None:
    """Return the user's beginning that is newer than all that we have asked for, and than Nova's own stop; None for
    none. It compares no times: `actions` is in Nova's order, newest first."""
    for each in actions:
        if each.by is By.US or (each.by is By.NOVA and each.action == STOP):
            return None
        if _is_beginning(each):
            return each
    return None
