"""Whether Nova knows a compute host, for callers that block."""

from kasugai.adapters.background import Background
from kasugai.adapters.nova import BadCloud, NovaCloud
from kasugai.adapters.settings import NovaSettings, SettingError
from kasugai.core.recovering.doors import CloudAway

PATIENCE = 20.0
"""Seconds for one answer, a login included."""


class NovaComputes:
    """The api room's Computes port on Nova."""

    def __init__(self, background: Background, nova: NovaSettings) -> None:
        """Log in with the first question. SettingError when the settings cannot even be read."""
        self._background = background
        try:
            self._cloud = NovaCloud(nova, client=PATIENCE / 2, threads=8)
        except BadCloud as error:
            raise SettingError(f"[nova] {error}") from None

    def knows(self, host: str) -> bool:
        """Whether there is a nova-compute service of exactly that host."""
        try:
            return self._background.ask(self._cloud.service(host), PATIENCE) is not None
        except TimeoutError:
            raise CloudAway(f"no answer within {PATIENCE:.0f} s") from None

    def close(self) -> None:
        """Ask nothing more."""
        self._background.ask(self._cloud.close(), PATIENCE)
