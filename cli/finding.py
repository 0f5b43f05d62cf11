"""Which incident a person means: who types the beginning of its id, or the name of what it is about."""

from collections.abc import Callable, Sequence
from typing import NoReturn

from kasugai.api.words import canonical
from kasugai.cli.exits import SaidNo
from kasugai.core.telling.incident_views import IncidentView

Fits = Callable[[IncidentView], bool]

ENOUGH = 4
"""So many characters of an instance's uuid are taken for it."""
TOLD = 3
"""So many of several that fit are named."""


def find(views: Sequence[IncidentView], wanted: str) -> IncidentView:
    """Return the newest incident of the subject `wanted`: a host by its name, an instance by its uuid (or how it
    begins) or its name, any by its full name (`process/cmp1/nova-compute`); or the incident whose id begins so.
    SaidNo otherwise, and where several fit."""
    word = canonical(wanted)
    return (
        _first(views, wanted, _names(word))
        or _by_id(views, wanted)
        or _first(views, wanted, _parts(word))
        or _nobody(wanted)
    )


def _names(word: str) -> Sequence[Fits]:
    return (
        lambda view: view.subject.name == word,
        lambda view: view.subject.is_host and view.host == word,
        lambda view: word != "" and word in (view.subject.detail, view.guest),
    )


def _parts(word: str) -> Sequence[Fits]:
    return (
        lambda view: len(word) >= ENOUGH and view.subject.detail.startswith(word.lower()),
        lambda view: view.host == word,
    )


def _first(views: Sequence[IncidentView], wanted: str, ways: Sequence[Fits]) -> IncidentView | None:
    """The first of the ways by which anything fits counts."""
    found = next((those for fits in ways if (those := [view for view in views if fits(view)])), [])
    subjects = sorted({view.subject for view in found})
    if len(subjects) > 1:
        named = ", ".join(subject.name for subject in subjects[:TOLD])
        more = f" and {len(subjects) - TOLD} more" if len(subjects) > TOLD else ""
        raise SaidNo(f"{wanted} may be {named}{more}: type one of these (kasugai incident list)")
    return max(found, key=lambda view: view.since, default=None)


def _by_id(views: Sequence[IncidentView], wanted: str) -> IncidentView | None:
    found = [view for view in views if view.incident and str(view.incident).startswith(wanted.lower())]
    if len(found) > 1:
        raise SaidNo(
            f"{wanted} is the beginning of {len(found)} incidents: type more of its id (kasugai incident list)"
        )
    return found[0] if found else None


def _nobody(wanted: str) -> NoReturn:
    raise SaidNo(
        f"no incident and no host, instance or process with one is called {wanted}: "
        "kasugai incident list shows what there is"
    )
