"""The policy files of Nova, Keystone and Placement: those of deploy/openstack/, or with one right taken away."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from acceptance.stack.layout import REPO

SHIPPED = REPO / "deploy" / "openstack"
NOVA, KEYSTONE, PLACEMENT = SERVICES = ("nova", "keystone", "placement")
ROLE = "role:kasugai"


def shipped(service: str) -> dict[str, str]:
    """Return the rules that Kasugai ships for a service."""
    rules: dict[str, str] = yaml.safe_load((SHIPPED / f"{service}-policy.yaml").read_text())
    return rules


def rights(service: str) -> list[str]:
    """Return the rules that give Kasugai's role a right of the API; the bases that they stand on are none."""
    return [rule for rule, check in shipped(service).items() if ROLE in check and ":" in rule]


@dataclass(frozen=True, slots=True)
class Policies:
    """The files that running services read; they notice a change by its time."""

    folder: Path

    def restore(self) -> None:
        """Write what is shipped."""
        for service in SERVICES:
            self._write(service, shipped(service))

    def take_away(self, service: str, rule: str) -> None:
        """Write what is shipped, but for Kasugai's part in one rule."""
        self._write(service, shipped(service) | {rule: "role:admin"})

    def _write(self, service: str, rules: dict[str, str]) -> None:
        file = self.folder / f"{service}.yaml"
        part = file.with_suffix(".part")
        part.write_text(yaml.safe_dump(rules))
        part.replace(file)
