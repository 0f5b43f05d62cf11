"""sushy-tools' Redfish emulator over TLS, for hosts of a simulated cloud: python -m tests.support.redfish_bmc '{...}'

Its fake driver applies power after up to eleven seconds and keeps it to itself; the one here asks the cloud. Nothing
that is installed is changed.
"""

import json
import sys
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from sushy_tools import error
from sushy_tools.emulator import main as emulator
from sushy_tools.emulator.resources.systems import fakedriver

from tests.support.bmc_link import Link, LinkRefused


def system_of(host: str) -> str:
    """Return the id of a host's system."""
    return str(uuid5(NAMESPACE_DNS, host))


class CloudDriver(fakedriver.FakeDriver):  # type: ignore[misc]
    """Systems whose power is that of a simulated cloud's hosts. Nobody switches one on."""

    def __init__(self) -> None:
        """Find the hosts in the configuration."""
        self._links = {system_of(host): Link(self._config["CLOUD"], host) for host in self._config["HOSTS"]}

    @property
    def systems(self) -> list[str]:
        """The ids of all systems."""
        return list(self._links)

    def _get(self, identity: str) -> dict[str, Any]:
        if identity not in self._links:
            raise error.NotFound(f"there is no system {identity}")
        return {"uuid": identity, "name": self._links[identity].host, "nics": []}

    def get_power_state(self, identity: str) -> str:
        """Ask the cloud."""
        try:
            return "On" if self._links[self._get(identity)["uuid"]].is_on() else "Off"
        except LinkRefused as no:
            raise error.FishyError(str(no), 503) from no

    def set_power_state(self, identity: str, state: str) -> None:
        """Tell the cloud."""
        if state != "ForceOff":
            raise error.FishyError(f"nobody may ask for {state}", 403)
        try:
            self._links[self._get(identity)["uuid"]].switch_off()
        except LinkRefused as no:
            raise error.FishyError(str(no), 403) from no


def main(given: dict[str, Any]) -> None:
    """Serve for ever."""
    fakedriver.FakeDriver = CloudDriver
    emulator.app.configure(
        extra_config={
            "SUSHY_EMULATOR_FAKE_DRIVER": True,
            "SUSHY_EMULATOR_AUTH_FILE": given["passwords"],
            "CLOUD": given["cloud"],
            "HOSTS": given["hosts"],
        }
    )
    emulator.app.run(
        host="127.0.0.1", port=given["port"], ssl_context=(given["certificate"], given["key"]), threaded=True
    )


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
