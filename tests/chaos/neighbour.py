"""The bad neighbour of a run: shoots unreadable records, writes over the ledger's keys, and lies as an agent may.

It strikes where the seed says, at hosts as they stand just then; what comes of it is judged like everything else.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from kasugai.core.telling.incident_views import IncidentView
from kasugai.schemas.topics import REPORTED
from tests.chaos.judge import is_over
from tests.chaos.lies import Hosts, Lie, Lies, lies
from tests.chaos.reporter import report
from tests.chaos.schedule import Event
from tests.chaos.servers import RedisPair
from tests.chaos.spoiled import Form, Place, Shot, spoil, spoiled
from tests.chaos.texts import texts
from tests.chaos.town import Town

FEW = (3, 8)
"""So many unreadable records at a time."""
BURST = 20
"""So many reports, with as many unreadable records between them."""
RECOVERING = 0.7
"""The share of blows that are about a host with an open incident, if there is one."""


@dataclass(slots=True)
class Neighbour:
    """Everything that it does in one run."""

    town: Town
    redis: RedisPair
    counts: Counter[str] = field(default_factory=Counter)
    """How many records it spoiled, texts it wrote and words it lied."""

    def spoil(self, event: Event, views: Sequence[IncidentView]) -> str:
        """Unreadable records of drawn forms on drawn topics, under one host's key."""
        chance = random.Random(event.salt)
        host = self._host(event, views)[0]
        shots = [spoiled(chance, self._place(host)) for _ in range(chance.randint(*FEW))]
        self._shoot("unreadable", shots)
        return f"at {host}: {', '.join(shot.doomed for shot in shots)}"

    def burst(self, event: Event) -> str:
        """Reports about one host in quick succession, with unreadable records of its key between them."""
        chance = random.Random(event.salt)
        names = sorted(self.town.dead()) or self.town.living()
        host = names[int(event.whom * len(names))]
        reports = [report(self.town.report(host)) for _ in range(BURST)]
        place = self._place(host)
        bad = [spoil(chance, REPORTED, chance.choice(list(Form)), place) for _ in reports]
        self._shoot("unreadable", [shot for pair in zip(reports, bad, strict=True) for shot in pair])
        return f"about {host}: {BURST} between {BURST}"

    def write(self, event: Event, views: Sequence[IncidentView]) -> str:
        """Something foreign in a few of a host's keys; ServerFailedError when Redis is not there."""
        host, incident = self._host(event, views)
        told = []
        for text in texts(random.Random(event.salt)):
            key = text.key(host, incident)
            self.redis.overwrite(key, *text.words, lasting=text.lasting, beside=text.beside)
            self.counts["texts"] += 1
            told.append(text.told)
        return f"at {host}{' under recovery' if incident else ''}: {', '.join(told)}"

    def lie(self, event: Event) -> tuple[str, Lies]:
        """An agent says what is not so; return what is told of it, and what takes it back."""
        hosts = Hosts(self.town.living(), sorted(self.town.dead()))
        said = lies(random.Random(event.salt), Lie(event.lie), hosts, event.salt)
        self._shoot("lies", said.shots)
        about = sorted({each.host for each in said.all})
        whom = f"{len(about)} hosts" if len(about) > 1 else "".join(about) or "nobody is there"
        return f"{event.lie} ({whom}, {len(said.shots)} words)", said.taken_back(event.salt)

    def take_back(self, said: Lies) -> None:
        """Say so."""
        self._shoot("lies", said.shots)

    def _shoot(self, what: str, shots: Sequence[Shot]) -> None:
        self.counts[what] += sum(bool(shot.doomed) or what == "lies" for shot in shots)
        if shots:
            self.town.reporter.shoot(shots)

    def _place(self, host: str) -> Place:
        return Place(host, self.town.reporter.segments[host])

    def _host(self, event: Event, views: Sequence[IncidentView]) -> tuple[str, UUID | None]:
        """Return a host, mostly one under recovery, with its incident."""
        open_ = [view for view in views if view.incident is not None and not is_over(view)]
        if open_ and event.whom < RECOVERING:
            view = open_[int(event.whom / RECOVERING * len(open_))]
            return view.host, view.incident
        names = sorted(self.town.reporter.segments)
        which = (event.whom - RECOVERING) / (1 - RECOVERING) if open_ else event.whom
        return names[int(which * len(names))], None
