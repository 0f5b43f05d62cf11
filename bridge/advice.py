"""What an operator is told about Nova's side: silence, the old form, queues that nobody reads. Text, and no I/O."""

from collections.abc import Iterator
from dataclasses import dataclass

from kasugai.bridge.ports import Standing, Waiting

LINES = (
    "[notifications] notification_format = versioned (or both), notify_on_state_change = vm_and_task_state; "
    "[oslo_messaging_notifications] driver = messagingv2"
)
"""What nova.conf has to say on every node of Nova's."""
GUIDE = "docs/operators/bridge-setup.md"
MANY = 1_000
"""Messages that may wait in a queue that nobody reads before anybody is told."""
AGAIN = 3_600.0
"""Seconds until the same is told again."""


@dataclass(frozen=True, slots=True)
class Line:
    """What was found about one thing, for `--check`."""

    is_well: bool
    text: str


class Silence:
    """Whether Nova has said nothing for so long that it is worth a line, and another one as much later."""

    def __init__(self, after: float, now: float) -> None:
        """It has just spoken."""
        self._after = after
        self._since = self._told = now

    def heard(self, now: float) -> None:
        """It speaks."""
        self._since = self._told = now

    def age(self, now: float) -> float:
        """Return for how many seconds it has said nothing."""
        return now - self._since

    def due(self, now: float) -> bool:
        """Return whether that is to be told now."""
        if now - self._told < self._after:
            return False
        self._told = now
        return True


def about_silence(seconds: float, standing: Standing | None) -> str:
    """Return the line about it."""
    begin = f"Nova has said nothing for {seconds / 60:.0f} min"
    if standing is None:
        return f"{begin}, and the bus cannot be asked"
    if standing.versioned:
        return f"{begin}: that is well where nobody uses the cloud; else look whether nova.conf says {LINES} ({GUIDE})"
    return f"{begin}: {about_form(standing)}"


def about_form(standing: Standing) -> str:
    """Return what is wrong where nothing of the versioned form is on the bus."""
    if standing.unversioned:
        return f"only notifications of the old form are on this bus; write into nova.conf: {LINES} ({GUIDE})"
    return f"no service notifies on this bus; write into nova.conf: {LINES}, with the same transport_url ({GUIDE})"


def form(standing: Standing) -> Line:
    """Return whether Nova notifies as it must."""
    if standing.versioned:
        return Line(True, "Nova notifies in the versioned form")
    return Line(False, about_form(standing))


class Growth:
    """Which queues grow that nobody reads."""

    def __init__(self) -> None:
        """None was looked at."""
        self._last: dict[str, int] = {}
        self._told: dict[str, float] = {}

    def due(self, queues: tuple[Waiting, ...], now: float) -> Iterator[str]:
        """Yield a line for each that has grown since the last look and holds much, once an hour."""
        for each in queues:
            last = self._last.get(each.queue)
            self._last[each.queue] = each.messages
            if each.is_ours or each.readers or each.messages < MANY or last is None or each.messages <= last:
                continue
            if now - self._told.get(each.queue, float("-inf")) >= AGAIN:
                self._told[each.queue] = now
                yield about_growth(each)


def about_growth(queue: Waiting) -> str:
    """Return the line about a queue: the broker's memory is Nova's too."""
    return (
        f"{queue.messages} messages wait in the queue {queue.queue}, which nobody reads and Nova fills; bound it: "
        f"""rabbitmqctl set_policy nobody-reads '^{queue.queue.rpartition(".")[0]}[.]' '{{"max-length": 1000}}' """
        f"--apply-to queues ({GUIDE})"
    )
