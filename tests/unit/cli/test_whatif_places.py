"""What `kasugai whatif rack NAME` means by a name, and what log and inventory say of hosts before Nova is asked."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from kasugai.adapters.inventory import Inventory
from kasugai.adapters.settings import Settings
from kasugai.adapters.settings.values import KafkaSettings
from kasugai.cli.exits import Misused, SaidNo
from kasugai.cli.whatif_file import FORM, read, save
from kasugai.cli.whatif_read import Site, described_by, places
from kasugai.core.recovering.nova_views import AggregateView, ServiceView
from kasugai.core.telling.incident_views import Seen
from kasugai.core.words.domains import Domain
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.subject import segment_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from tests.support.incidents import opened

SEGMENT = opened().segment


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


PDU = Domain(kind="pdu", name="a")


def racked(name: str, *domains: Domain) -> HostRecord:
    return HostRecord(host_uuid=name, name=name, segment_id=SEGMENT, domains=domains)


def site(*hosts: HostRecord, knows: tuple[str, ...]) -> Site:
    """A deployment whose Nova knows these hosts."""
    return Site(
        settings=Settings(kafka=KafkaSettings(bootstrap_servers="nobody:1")),
        cloud=None,  # type: ignore[arg-type]
        described=described_by(inventory(*hosts), [], {}),
        computes={name: service(name, "nova") for name in knows},
        aggregates=(),
    )


def test_a_host_of_a_rack_that_nova_does_not_know_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    rack = site(racked("cmp1", PDU), racked("old1", PDU), knows=("cmp1", "cmp2"))
    assert rack.hosts_called("a") == ["cmp1"]
    assert "Nova knows no compute host old1: passed over" in capsys.readouterr().err


def test_a_rack_of_which_nova_knows_no_host_is_not_survived_for_that() -> None:
    with pytest.raises(SaidNo, match="Nova knows none of the 1 hosts of pdu/a"):
        site(racked("old1", PDU), knows=("cmp1",)).hosts_called("pdu/a")


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"whatif": 0}', json.dumps({"whatif": FORM, "guests": [1]})]
)
def test_what_is_no_forecast_is_refused_in_a_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "forecast.json"
    file.write_text(text)
    with pytest.raises(Misused, match="is no forecast"):
        read(file)


def test_a_forecast_is_not_written_in_the_place_of_a_folder(tmp_path: Path) -> None:
    for folder in (Path("/"), tmp_path):
        with pytest.raises(Misused, match=r"name (a file in it|another): --save FILE"):
            save(folder, {})


def test_a_failure_domain_goes_before_an_aggregate_and_that_before_a_zone() -> None:
    records = [racked("cmp1", PDU), racked("cmp2"), racked("cmp3", PDU)]
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
