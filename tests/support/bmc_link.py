"""What a BMC's emulator and the simulated cloud have in common: the host's power, which is the cloud's to know.

It asks the cloud's control routes (/sim/power/HOST), so that a host that a BMC switches off is off in Nova's world too.
"""

import json
from dataclasses import dataclass
from urllib.error import HTTPError
from urllib.request import Request, urlopen


class LinkRefused(Exception):
    """The laboratory says that this device refuses, or does not answer."""


@dataclass(frozen=True, slots=True)
class Link:
    """One host's power."""

    url: str
    """Of the simulated cloud."""
    host: str

    def is_on(self) -> bool:
        """Return whether the host has power; LinkRefused when its BMC is cut."""
        state = self._ask("GET")
        if state == "unknown":
            raise LinkRefused("this BMC does not answer")
        return state == "on"

    def switch_off(self) -> None:
        """Switch the host off, as slowly as a device does; LinkRefused when the laboratory says so."""
        self._ask("PUT")

    def _ask(self, method: str) -> str:
        body = b'{"power": "off"}' if method == "PUT" else None
        request = Request(
            f"{self.url}/sim/power/{self.host}",
            data=body,
            method=method,
            headers={"Content-Type": "application/json"},
        )
        try:
            with urlopen(request, timeout=20) as reply:
                return str(json.load(reply)["power"])
        except HTTPError as error:
            raise LinkRefused(error.read().decode()) from error
