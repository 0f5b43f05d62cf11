"""What the user may do in Nova, asked one by one without any effect: the beginnings of a doctor.

A read is simply made. A call is made about something that does not exist: Nova asks its policy first, so 403 is a
missing right and 404 a right that is there. What would act on a real guest whatever is asked is not asked, and said so.

The right to evacuate is about a real guest: Nova looks for the guest before its policy. It is asked to move it to
a host that there is not, which Nova refuses with 404 after its policy and before it touches the guest (nova 34.0.0,
`api/openstack/compute/evacuate.py`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from kasugai.adapters.nova.questions import (
    ACTION,
    ACTIONS,
    ATTRIBUTES,
    BASIC,
    CONDUCTORS,
    EVACUATE,
    FILTERS,
    GUESTS,
    HOSTS,
    MARKS,
    NOBODYS,
    NOWHERE,
    PAGED,
    PLACES,
    QUESTIONS,
    SERVERS,
    SHOW,
    SILENT,
    SPECS,
    TAGS,
    WHERE,
    WISHES,
    Question,
)
from kasugai.adapters.nova.session import Service
from kasugai.adapters.nova.wire import Ask, Wire
from kasugai.core.recovering.doors import CloudAway, CloudRefused, CloudUnsure
from kasugai.core.words.subject import Kind

NAMED = re.compile(r"[Pp]olicy doesn't allow (\S+:\S+)")
REMEDY = (
    "give the user of [nova] the admin role (openstack role add --user USER --project PROJECT admin), "
    "or allow him the rule in the service's policy.yaml"
)


class Standing(StrEnum):
    """What was found out about a right."""

    GRANTED = "ok"
    MISSING = "NO"
    UNASKED = "--"
    """It cannot be asked here without an effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """One right."""

    rule: str
    """The rule of Nova's, Keystone's or Placement's policy."""
    what: str
    """What it is needed for."""
    standing: Standing
    needed_by: frozenset[Kind] = HOSTS
    """Which pools can do nothing without it: those of these kinds."""
    why: str = ""

    @property
    def is_needed(self) -> bool:
        """Whether some pool can do nothing without it."""
        return bool(self.needed_by)

    @property
    def line(self) -> str:
        """It as one line for people, with the remedy where it is missing."""
        return f"{self.standing:<3} {self.said}"

    @property
    def said(self) -> str:
        """It without its standing."""
        pools = [] if self.needed_by & HOSTS else sorted(self.needed_by)
        only = f" (worker {' '.join(pools)})" if pools else ""
        said = f"{self.rule}: {self.what}{only}" + (f"; {self.why}" if self.why else "")
        return f"{said}; {REMEDY}" if self.standing is Standing.MISSING else said


async def rights(wire: Wire, *, about_a_guest: bool) -> tuple[Right, ...]:
    """Return every right that a recovery needs and what was found out about it; CloudAway when Nova is away.

    `about_a_guest`: ask for the right to evacuate too, with some guest and a host that there is not, and for all that
    only what Nova shows of a guest or of a migration can tell.
    """
    found = [await _asked(wire, question) for question in QUESTIONS]
    found += await _about_guests(wire, about_a_guest)
    if about_a_guest:
        found += [await _about_migrations(wire), await _asked(wire, TAGS)]
    found += [_unasked(rule, what, "asking would act on a guest", pools) for rule, what, pools in SILENT]
    return tuple(found)


def missing(found: tuple[Right, ...], pools: frozenset[Kind] = HOSTS) -> tuple[Right, ...]:
    """Return the rights without which pools of these kinds can do nothing and that are not there."""
    return tuple(right for right in found if right.needed_by & pools and right.standing is Standing.MISSING)


async def _about_guests(wire: Wire, about_a_guest: bool) -> list[Right]:
    """Ask for the guests of all projects, and perhaps about one of them."""
    listing = Question(
        rule=SERVERS,
        what="list the guests of a host",
        method="GET",
        path="/servers/detail",
        params={"all_tenants": "True", "limit": "1"},
    )
    try:
        rows = (await _send(wire, listing)).get("servers", [])
    except CloudRefused as no:
        return [_judged(listing, no), _unasked(EVACUATE, "move guests", "no guest can be listed")]
    granted = [_judged(listing, None)]
    if not rows:
        nobody = "there is no guest to ask about"
        unasked = ((ATTRIBUTES, WHERE), (SPECS, MARKS), (EVACUATE, "move guests"))
        return [*granted, *(_unasked(rule, what, nobody) for rule, what in unasked)]
    granted += [
        _shown(ATTRIBUTES, WHERE, "OS-EXT-SRV-ATTR:host" in rows[0], HOSTS | GUESTS),
        _shown(SPECS, MARKS, "extra_specs" in rows[0].get("flavor", {}), NOBODYS),
    ]
    return [*granted, *await _about_one(wire, rows[0])] if about_a_guest else granted


async def _about_one(wire: Wire, row: Mapping[str, Any]) -> list[Right]:
    """Ask what can only be asked about a guest that there is."""
    path = f"/servers/{row['id']}"
    showing = Question(rule=SHOW, what="look at one guest", method="GET", path=path, needed_by=HOSTS | GUESTS)
    evacuating = Question(
        rule=EVACUATE,
        what="move guests",
        method="POST",
        path=f"{path}/action",
        body={"evacuate": {"host": NOWHERE}},
    )
    nobody = Question(
        rule=FILTERS,
        what="list the guests of one host, and not of all hosts each time",
        method="GET",
        path="/servers/detail",
        params={"all_tenants": "True", "limit": "1", "host": NOWHERE},
    )
    strangers = (await _send(wire, nobody)).get("servers", [])
    return [
        await _asked(wire, showing),
        _shown(FILTERS, nobody.what, not strangers, NOBODYS),
        await _asked(wire, evacuating),
        *await _about_actions(wire, f"{path}/os-instance-actions"),
    ]


async def _about_actions(wire: Wire, path: str) -> list[Right]:
    """Ask for Nova's own account of what was asked of a guest; every guest has one, of its making. From microversion
    2.51 on it holds the events that tell what the conductor did, without a right of their own."""
    listing = Question(rule=ACTIONS, what=WISHES, method="GET", path=path, needed_by=GUESTS)
    try:
        rows = (await _send(wire, listing)).get("instanceActions", [])
    except CloudRefused as no:
        return [_judged(listing, no), _unasked(ACTION, CONDUCTORS, "no action can be listed")]
    if not rows:
        return [_judged(listing, None), _unasked(ACTION, CONDUCTORS, "there is no action to ask about")]
    showing = replace(
        listing, rule=ACTION, what=CONDUCTORS, needed_by=NOBODYS, path=f"{path}/{rows[0]['request_id']}"
    )
    return [_judged(listing, None), await _asked(wire, showing)]


async def _about_migrations(wire: Wire) -> Right:
    """Ask whether Nova shows from where and to where a migration goes."""
    what = "see where an evacuation goes"
    question = Question(
        rule=PLACES,
        what=what,
        method="GET",
        path="/os-migrations",
        params={"limit": "1"},
        highest=PAGED,
    )
    try:
        rows = (await _send(wire, question)).get("migrations", [])
    except CloudRefused as no:
        return _unasked(PLACES, what, f"no migration can be listed: Nova says {no.message}")
    if not rows:
        return _unasked(PLACES, what, "there is no migration to ask about")
    return _shown(PLACES, what, rows[0].get("source_compute") is not None)  # null without it


def _shown(rule: str, what: str, is_shown: bool, needed_by: frozenset[Kind] = HOSTS) -> Right:
    """A right without which Nova answers all the same, and leaves something out."""
    return Right(
        rule=rule,
        what=what,
        standing=Standing.GRANTED if is_shown else Standing.MISSING,
        needed_by=needed_by,
        why="" if is_shown else "Nova leaves it out of its answers",
    )


def _unasked(rule: str, what: str, why: str, needed_by: frozenset[Kind] = HOSTS) -> Right:
    return Right(rule=rule, what=what, standing=Standing.UNASKED, needed_by=needed_by, why=why)


async def _asked(wire: Wire, question: Question) -> Right:
    try:
        await _send(wire, question)
    except CloudRefused as no:
        if question.service is Service.PLACEMENT and no.status == 404:  # the catalog lacks it
            return _unasked(question.rule, question.what, no.message)
        return _judged(question, no)
    return _judged(question, None)


async def _send(wire: Wire, question: Question) -> Mapping[str, Any]:
    ask = Ask(
        method=question.method,
        path=question.path,
        lowest=BASIC,
        highest=question.highest,
        params=question.params or {},
        body=question.body,
        service=question.service,
    )
    try:
        return (await wire.send(ask)).body
    except CloudUnsure as unsure:  # it can have changed nothing: whatever it names is not there
        raise CloudAway(str(unsure)) from unsure


def _judged(question: Question, no: CloudRefused | None) -> Right:
    """A no to what does not exist is as good as a yes; only 403 is about rights."""
    is_missing = no is not None and no.status == 403
    named = NAMED.search(no.message) if no is not None and is_missing else None
    return Right(
        rule=named[1] if named else question.rule,
        what=question.what,
        standing=Standing.MISSING if is_missing else Standing.GRANTED,
        needed_by=question.needed_by,
        why=f"{question.service.name.title()} says {no.message}" if no is not None and is_missing else "",
    )
