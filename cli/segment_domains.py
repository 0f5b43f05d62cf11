"""Reads the failure domains of a segment file: by kind and name, which of the segment's hosts share each.

    domains:
      rack: {r1: [cmp1, cmp2], r2: [cmp3]}
      pdu:
        pdu-3: [cmp1, cmp3]

A domain that several segments share is named in each of them, with the hosts that lie there.
"""

import difflib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from kasugai.api.words import NAME, is_name
from kasugai.cli.yaml_block import Block
from kasugai.core.words.bounds import bytes_of
from kasugai.core.words.domains import LONGEST_DOMAIN, LONGEST_KIND, MOST, Domain

EXAMPLE = "domains: {pdu: {pdu-3: [cmp1, cmp2]}}"


def domains_of(segment: Block, hosts: Sequence[str]) -> Mapping[str, tuple[Domain, ...]]:
    """Return by host in which domains it is, sorted; Misused for a host that the segment has not, or a name that is
    none. `hosts`: the segment's."""
    found: dict[str, set[Domain]] = defaultdict(set)
    for domain, block, host in _memberships(segment):
        if host not in hosts:
            near = difflib.get_close_matches(host, hosts, 1, 0.5)
            hint = f"did you mean {near[0]}?" if near else "it belongs under hosts too"
            raise block.wrong(domain.name, f"{host[:80]} is no host of this segment; {hint}", EXAMPLE)
        if domain in found[host]:
            raise block.wrong(domain.name, f"{host} is there twice", EXAMPLE)
        found[host].add(domain)
        if len(found[host]) > MOST:
            raise block.wrong(domain.name, f"{host} is in more than {MOST} failure domains", EXAMPLE)
    return {host: tuple(sorted(domains)) for host, domains in found.items()}


def _memberships(segment: Block) -> Iterator[tuple[Domain, Block, str]]:
    kinds = segment.block("domains")
    for kind in kinds.names if kinds is not None else ():
        assert kinds is not None
        named = kinds.block(kind)
        if named is None:
            raise kinds.wrong(kind, "the domains of this kind belong here, each with its hosts", EXAMPLE)
        for name in named.names:
            domain = Domain(kind=kind, name=name)
            if trouble := _trouble(domain):
                raise named.wrong(name or None, trouble, EXAMPLE)
            hosts = list(named.words(name, EXAMPLE))
            if not hosts:
                raise named.wrong(name, "the hosts that share it belong here", EXAMPLE)
            yield from ((domain, named, host) for host in hosts)


def _trouble(domain: Domain) -> str:
    """Why no domain is called so; empty where one may be."""
    for word, most in ((domain.kind, LONGEST_KIND), (domain.name, LONGEST_DOMAIN)):
        if word and not is_name(word):
            return f"{word[:80]} is no name: {NAME}"
        if bytes_of(word) > most:
            return f"{word[:80]} has {bytes_of(word)} bytes, at most {most} are taken"
    return domain.why_misnamed()
