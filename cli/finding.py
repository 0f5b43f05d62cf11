"""Which incident a person means: who types the beginning of its id, or a host's name."""

from collections.abc import Sequence

from kasugai.cli.exits import SaidNo
from kasugai.core.telling.incident_views import IncidentView


def find(views: Sequence[IncidentView], wanted: str) -> IncidentView:
    """Return the incident whose id begins with `wanted`, or the newest one of the host `wanted`; SaidNo otherwise."""
    of_host = [view for view in views if view.host == wanted]
    if of_host:
        return max(of_host, key=lambda view: view.since)
    found = [view for view in views if view.incident and str(view.incident).startswith(wanted.lower())]
    if len(found) == 1:
        return found[0]
    if found:
        raise SaidNo(
            f"{wanted} is the beginning of {len(found)} incidents: type more of its id (kasugai incident list)"
        )
    raise SaidNo(
        f"no incident and no host with one is called {wanted}: kasugai incident list shows what there is"
    )
