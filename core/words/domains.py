"""Failure domains: what several hosts share that may fail for all of them at once (a rack, a PDU, a switch), as an
operator names it.

It says which names there are. What it means when hosts of one fail together is decided elsewhere.
"""

from dataclasses import dataclass

MOST = 16
"""So many domains a host may be in."""
LONGEST_KIND = 63
"""Bytes of a domain's kind."""
LONGEST_DOMAIN = 191
"""Bytes of its name: together with its kind it is the name of a subject, which has 255."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Domain:
    """One rack, PDU, switch; the same one in every segment that names it."""

    kind: str
    """What kind of thing it is: rack, pdu, switch, or any other word of the operator's."""
    name: str
    """Its name, unique among those of its kind."""

    @property
    def title(self) -> str:
        """What people call it: `pdu/pdu-3`."""
        return f"{self.kind}/{self.name}"

    def why_misnamed(self) -> str:
        """Return why no domain is called so; empty where one may be."""
        if not self.kind or not self.name:
            return "a failure domain has a kind and a name (pdu/pdu-3)"
        if "/" in self.kind:
            return f"the kind of a failure domain has no slash: {self.kind[:80]}"
        return ""
