"""Which hosts of a segment share which failure domain, as their descriptions say: kept host by host, never stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kasugai.core.words.domains import Domain

NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Membership:
    """The domains of a segment's hosts. A value: who takes over a description has another one."""

    _hosts: Mapping[Domain, frozenset[str]] = field(default_factory=dict)
    _domains: Mapping[str, tuple[Domain, ...]] = field(default_factory=dict)

    def described(self, host: str, domains: tuple[Domain, ...]) -> "Membership":
        """Return the domains after a host was described; without any for one that is deleted."""
        before = self.of(host)
        if before == domains:
            return self
        hosts = dict(self._hosts)
        for domain in {*before, *domains}:
            hosts[domain] = hosts.get(domain, NOBODY) - {host} | ({host} if domain in domains else NOBODY)
            if not hosts[domain]:
                del hosts[domain]
        return Membership(hosts, {**self._domains, host: domains})

    def of(self, host: str) -> tuple[Domain, ...]:
        """Return the domains of a host."""
        return self._domains.get(host, ())

    def hosts(self, domain: Domain) -> frozenset[str]:
        """Return the segment's hosts that share a domain."""
        return self._hosts.get(domain, NOBODY)
