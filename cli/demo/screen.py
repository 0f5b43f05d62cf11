"""What the audience sees: a live view with remarks above it on a terminal, plain lines where stdout is piped."""

from types import TracebackType
from typing import TYPE_CHECKING, Self

from kasugai.cli.clock import now
from kasugai.cli.live import frame
from kasugai.cli.terminal import console, data, is_live, words
from kasugai.core.telling.incident_views import IncidentView
from kasugai.core.telling.timeline import Teller

if TYPE_CHECKING:
    from rich.live import Live


class Screen:
    """One show."""

    def __init__(self, segment: dict[str, str]) -> None:
        """`segment`: the segments' names by id, filled in as they become known."""
        self._names = segment
        self._teller = Teller()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        """Begin to show incidents."""
        if is_live():
            from rich.live import Live

            self._live = Live(console=console(), auto_refresh=False)
            self._live.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Leave the last view standing."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def say(self, *lines: str) -> None:
        """Make a remark."""
        if self._live is None:
            return data(*lines)
        for line in lines:
            self._live.console.print(words(line))
        return None

    def show(self, view: IncidentView) -> None:
        """Show the incident as it stands."""
        if self._live is not None:
            self._live.update(frame(view, self._names, now()), refresh=True)
            return
        for record in view.records:
            line = self._teller.tell(record)
            if line is not None:
                data(line.text(view.since))
