"""What `kasugai whatif rack NAME` means by a name, and what log and inventory say of hosts before Nova is asked."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from kasugai.adapters.inventory import Inventory
from kasugai.cli.whatif_read import described_by, places
from kasugai.core.recovering.nova_views import AggregateView, ServiceView
from kasugai.core.telling.incident_views import Seen
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.subject import segment_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from tests.support.incidents import opened

SEGMENT = opened().segment


@dataclass(frozen=True, kw_only=True)
class Racked(HostRecord):
    """A host with failure domains."""

    domains: tuple[Any, ...] = ()


def service(host: str, zone: str) -> ServiceView:
    return ServiceView(
        service_id=host,
        host=host,
        is_up=True,
        is_enabled=True,
        forced_down=False,
        updated_at="",
        age=0.0,
        age_is_bound=False,
        zone=zone,
    )


def test_a_failure_domain_goes_before_an_aggregate_and_that_before_a_zone() -> None:
    pdu = SimpleNamespace(title="pdu/a", name="a")
    records = [
        Racked(host_uuid=name, name=name, segment_id="s", domains=domains)
        for name, domains in (("cmp1", (pdu,)), ("cmp2", ()), ("cmp3", (pdu,)))
    ]
    aggregates = [
        AggregateView(aggregate_id=n, name=name, hosts=frozenset({"cmp2"}))
        for n, name in enumerate(("a", "b"))
    ]
    found = places(records, aggregates, [service("cmp1", "a"), service("cmp2", "b"), service("cmp3", "c")])

    def called(word: str) -> set[str]:
        return next(set(hosts) for names, hosts in found if word in names)

    assert called("pdu/a") == called("a") == {"cmp1", "cmp3"}
    assert called("b") == {"cmp2"}
    assert called("c") == {"cmp3"}


def inventory(*hosts: HostRecord) -> Inventory:
    found = Inventory()
    found.put(SegmentRecord(segment_id=SEGMENT, name="rack1"))
    for host in hosts:
        found.put(host)
    return found


def host(name: str, **about: Any) -> HostRecord:
    return HostRecord(host_uuid=f"u-{name}", name=name, segment_id=SEGMENT, **about)


def said(verb: Verb, reason: Reason, at: int) -> Seen:
    verdict = Verdict(
        verdict_id=UUID(int=at),
        verb=verb,
        subject=segment_subject(SEGMENT),
        segment=SEGMENT,
        reason=reason,
        evidence=(),
        count=0,
        at=BrokerTime(at),
    )
    return Seen(BrokerTime(at), at, verdict)


def test_what_the_log_says_of_hosts_and_segments_is_heeded() -> None:
    order = opened(reserves=("r1",))
    seen = [Seen(order.opened_at, 1, order), said(Verb.DISARM, Reason.COMMAND, 5)]
    hosts = [host("cmp1"), host("cmp2", on_maintenance=True), host("r1", reserved=True)]
    found = described_by(inventory(*hosts), seen, {"cmp1": True})
    assert found.avoid == {"cmp1": "opened", "cmp2": "maintenance"}
    assert found.waits == {SEGMENT: "disarmed"}
    assert found.taken == {"r1"}
    assert (found.why_it_waits("cmp1"), found.why_it_waits("cmp2")) == ("disarmed", "maintenance")


def test_a_planned_stop_keeps_its_segment_until_it_is_over() -> None:
    begun = said(Verb.BEGIN_STOP, Reason.COMMAND, 5)
    assert described_by(inventory(host("cmp1")), [begun], {}).waits == {SEGMENT: "planned-stop"}
    over = said(Verb.END_STOP, Reason.STOP_OVER, 9)
    assert described_by(inventory(host("cmp1")), [begun, over], {}).waits == {}
