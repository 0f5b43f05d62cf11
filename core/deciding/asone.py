"""How many things have failed where a policy counts a failure domain as one: the only word that lets a storm's gate
count less than hosts.

It counts for a domain only once all of its hosts have failed, and never for one that is most of the segment: then it
says nothing about where the cause lies.
"""

from kasugai.core.deciding.asked import Asked
from kasugai.core.words.crowds import as_one


def counted(asked: Asked, crowd: int) -> int:
    """Return for how many `crowd` unhealthy hosts of the subject's segment count, itself among them."""
    kinds = asked.policy.domain_as_one
    if not kinds:
        return crowd
    sick = {asked.row.host, *asked.tally.sick(asked.deadline)}
    domains = {domain for host in sick for domain in asked.tally.domains.of(host) if domain.kind in kinds}
    return as_one(crowd, sick, asked.tally.hosts, map(asked.tally.domains.hosts, domains))
