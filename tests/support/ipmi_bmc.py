"""A BMC that speaks IPMI 2.0 (pyghmi's), for one host of a simulated cloud: python -m tests.support.ipmi_bmc '{...}'"""

import json
import sys
from typing import Any

from pyghmi.ipmi.bmc import Bmc

from tests.support.bmc_link import Link, LinkRefused

REFUSED = 0xD6
"""IPMI's completion code for "cannot be carried out: disabled"."""


class CloudBmc(Bmc):  # type: ignore[misc]
    """The power of a simulated cloud's host. Nobody switches it on."""

    link: Link

    def get_power_state(self) -> str:
        """Ask the cloud."""
        return "on" if self.link.is_on() else "off"

    def power_off(self) -> int:
        """Tell the cloud."""
        try:
            self.link.switch_off()
        except LinkRefused:
            return REFUSED
        return 0

    def get_chassis_status(self, session: Any) -> None:
        """Answer, or refuse to when the laboratory has cut this BMC."""
        try:
            super().get_chassis_status(session)
        except LinkRefused:
            session.send_ipmi_response(code=REFUSED)


def main(given: dict[str, Any]) -> None:
    """Serve for ever."""
    bmc = CloudBmc({given["login"]: given["password"]}, address="127.0.0.1", port=given["port"])
    bmc.link = Link(given["cloud"], given["host"])
    sys.stdout.write("listening\n")
    sys.stdout.flush()
    bmc.listen()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
