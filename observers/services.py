"""What Nova's service records say of hosts: which nova-compute has not reported for too long, by Nova's own clock.

Ages, not times: an age is the reply's idea of now less the record's last move (`adapters/nova/views.py`), so that no
clock of ours is asked. A PUT moves a record too (ours, an operator's) and is no sign of life: it changes what a person
may change, or does not come again.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from kasugai.core.recovering.nova_views import ServicesView, ServiceView
from kasugai.core.words.signals import Symptom
from kasugai.observers.seen import NoOpinion, Seen

CONDUCTOR = "nova-conductor"
"""Through whom every nova-compute reports: without one all records grow old together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Memory:
    """What is remembered of one host's record between two looks."""

    view: ServiceView
    down: str = ""
    """Since which report it is called down (`updated_at`, Nova's own words); empty while it is not."""
    back: str = ""
    """Of a host that reported once since: the episode that is taken back."""
    alive: str = ""
    """Of one that goes on reporting: the episode that a sign of life ended."""


class Records:
    """The records of all hosts, look by look."""

    def __init__(self, stale: float) -> None:
        """`stale`: seconds without a report after which a nova-compute is down: the report interval and 5 s."""
        self._stale = stale
        self._known: dict[str, _Memory] = {}

    def judge(self, found: ServicesView, hosts: Collection[str]) -> list[Seen]:
        """Return what one answer says of these hosts. NoOpinion when it speaks of Nova rather than of hosts."""
        self._doubt(found)
        rows = (view for view in found.computes if view.host in hosts)
        self._known = {view.host: self._aged(self._moved(view)) for view in rows}
        said = [_said(memory) for memory in self._known.values()]
        return [seen for seen in said if seen is not None]

    def _doubt(self, found: ServicesView) -> None:
        if CONDUCTOR in found.unwell:
            raise NoOpinion(
                "no nova-conductor is up, so no nova-compute can report: its records say nothing of hosts"
            )
        if len(found.computes) > 1 and not any(view.age <= self._stale for view in found.computes):
            raise NoOpinion(
                f"none of {len(found.computes)} nova-computes has reported for {self._stale:.0f} s: that says more of "
                "Nova (its conductors, its database, a clock) than of hosts"
            )

    def _moved(self, view: ServiceView) -> _Memory:
        """Take a record over. One report takes back what was said, for it may be a PUT that changed nothing; a second
        one is a sign of life, unless the host is forced down still: it is not in service then."""
        old = self._known.get(view.host)
        if old is None:
            return _Memory(view=view)
        if view.updated_at == old.view.updated_at or view.state != old.view.state:
            return replace(old, view=view)
        if old.down:
            return _Memory(view=view, back=old.down)
        if old.back and view.forced_down:
            return replace(old, view=view)
        return _Memory(view=view, alive=old.back)

    def _aged(self, memory: _Memory) -> _Memory:
        """Call a host down when its record is too old. One that an operator forced down is not called down for that,
        and one that was down before stays so: the mark is no report."""
        view = memory.view
        is_old = view.age > self._stale and view.updated_at != ""
        if is_old and not memory.down and not view.forced_down:
            return _Memory(view=view, down=view.updated_at)
        return memory


def _said(memory: _Memory) -> Seen | None:
    host = memory.view.host
    if memory.down:
        return Seen(host=host, symptom=Symptom.DOWN, episode=memory.down)
    if memory.back:
        return Seen(host=host, symptom=Symptom.CLEAR, episode=memory.back)
    return Seen(host=host, symptom=Symptom.ALIVE, episode=memory.alive) if memory.alive else None
