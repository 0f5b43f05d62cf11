"""/explain: why, and why not, in one answer; of a host also how it stands now, if nothing ever happened to it too."""

import json
from collections.abc import Collection, Iterable, Sequence
from itertools import islice

import falcon

from kasugai.adapters.inventory import Inventory
from kasugai.api.errors import bad_request, not_found
from kasugai.api.handling import Resource, answer, query_of
from kasugai.api.own import shown
from kasugai.api.own.incidents import limit_of
from kasugai.api.own.rules import PREFIX
from kasugai.api.ports import Views
from kasugai.api.views import VerdictView
from kasugai.api.words import canonical
from kasugai.core.telling.about import narrate_protection, narrate_standing, standing_of
from kasugai.core.telling.numbers import Standing
from kasugai.core.words.subject import Kind, Subject, host_subject, segment_subject
from kasugai.core.words.timing import Instant
from kasugai.schemas.meanings import meaning

LAST = "10"
"""Verdicts that are shown unless more are asked for, as `kasugai explain` does."""
PLANS = 3
"""Incidents whose plans are shown: the newest."""


class Explain(Resource):
    """The answer."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Explain `subject`: a host or a segment by its name, an instance by its uuid, any by its full name; 404 for
        whom nobody knows."""
        self.enforce(req, f"{PREFIX}explain:show")
        query = query_of(req)
        word = query.get("subject", [""])[-1]
        if not word:
            raise bad_request("subject is missing: for example ?subject=cmp1")
        limit = limit_of({"limit": query.get("limit", [LAST])}, self.highest_limit)
        views, inventory = self.require_views(), self.doors.registry.known()
        subject, verdicts = _found(views, word)
        incidents = dict.fromkeys(view.incident for view in reversed(verdicts) if view.incident)
        stands = _standing(views, inventory, word, incidents, self.doors.wall.now())
        if not verdicts and stands is None:
            raise not_found("host, and no subject of a decision,", word[:100])
        body = {
            "subject": host_subject(stands.host).name if stands is not None else subject,
            "sentences": _sentences(stands, has_words=bool(verdicts)),
            "standing": None if stands is None else shown.standing(stands),
            "verdicts": [shown.verdict(view) for view in islice(reversed(verdicts), limit)],
            "plans": _plans(views, incidents),
        }
        answer(resp, json.dumps({"explain": body}).encode())


def _found(views: Views, word: str) -> tuple[str, Sequence[VerdictView]]:
    """Return whom a word names and what was decided about it: the first of the forms about which anything was."""
    guest = Subject(kind=Kind.INSTANCE, detail=canonical(word))
    domain = Subject(kind=Kind.DOMAIN, detail=word)
    for name in (word, host_subject(word).name, guest.name, segment_subject(word).name, domain.name):
        verdicts = views.verdicts(name)
        if verdicts:
            return name, verdicts
    return word, ()


def _standing(
    views: Views, inventory: Inventory, word: str, incidents: Collection[str], now: Instant
) -> Standing | None:
    """Return how the host stands that the word names; None where it names none that anybody knows. `incidents`: at
    least its own."""
    named = (host for host in inventory.hosts() if word in (host.name, host_subject(host.name).name))
    described = next(named, None)
    name = described.name if described is not None else word
    segment = inventory.segment(described.segment_id) if described is not None else None
    subjects = [
        host_subject(name).name,
        *([segment_subject(segment.name).name] if segment is not None else []),
    ]
    return standing_of(
        name,
        views.remembered(subjects, incidents),
        [segment] if segment is not None else [],
        [described] if described is not None else [],
        now,
    )


def _sentences(stands: Standing | None, *, has_words: bool) -> list[str]:
    if stands is None:
        return []
    because = [] if stands.unprotected is None else [meaning(stands.unprotected)]
    return [narrate_standing(stands, has_words=has_words), narrate_protection(stands), *because]


def _plans(views: Views, incidents: Iterable[str]) -> list[shown.Row]:
    found = (views.incident(name) for name in islice(incidents, PLANS))
    return [shown.plan(view) for view in found if view is not None]
