"""A segment is shown with what the system knows about its hosts, not only with what somebody wrote about them."""

from dataclasses import replace
from typing import Any

import pytest

from kasugai.cli.segment_show import as_json, merged, page
from kasugai.core.telling.incident_views import Seen
from kasugai.core.words.disks import RootDisks
from kasugai.core.words.facts import FactKind, Result, StepRecord, StepState
from kasugai.core.words.hardware import hardware_subject
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.policy import Degraded, DegradedCold, Exhausted, Fencing, LocalGuests, Policy
from kasugai.core.words.timing import Millis
from kasugai.core.words.verdicts import Reason, Verb
from tests.support.incidents import OPENED, SEGMENT, START, decided, opened, said
from tests.support.printed import printed

RACK = SegmentRecord(segment_id=SEGMENT, name="rack1")
HOSTS = (
    HostRecord(host_uuid="1", name="cmp1", segment_id=SEGMENT, created_at=START - 5),
    HostRecord(host_uuid="2", name="cmp2", segment_id=SEGMENT, on_maintenance=True),
    HostRecord(
        host_uuid="3",
        name="cmp3",
        segment_id=SEGMENT,
        on_maintenance=True,
        maintenance_until=START + 3_600_000,
    ),
    HostRecord(host_uuid="4", name="r1", segment_id=SEGMENT, reserved=True, created_at=START - 5),
    HostRecord(host_uuid="5", name="r2", segment_id=SEGMENT, reserved=True, created_at=START - 5),
)
ENABLED = StepRecord(action="enable-compute", subject="r1", state=StepState.DONE, epoch=1, tries=1)
OVER = said(FactKind.FINISHED, result=Result.RECOVERED, reason=Reason.RECOVERED, steps=(ENABLED,))
UNDER_WAY = (OPENED, opened(reserves=("r1",)))
CLOSED = (*UNDER_WAY, OVER, decided(Verb.CLOSE, Reason.RECOVERED))
NOW = START + 63_000
PROOFS = "power device, a trusted sender's word, or a person's (kasugai incident approve --limit fence)"


def seen(*values: object) -> list[Seen]:
    return [Seen(START + 1000 * offset, offset, value) for offset, value in enumerate(values)]  # type: ignore[arg-type]


def test_what_proves_a_fence_is_shown_and_that_none_is_asked_for() -> None:
    def shown(**policy: Any) -> str:
        return page(merged(replace(RACK, policy=Policy(**policy)), HOSTS, []), NOW, None)[4]

    assert "sender" not in shown(trust_assertions=False)
    assert shown(fence=Fencing.NONE) == (
        f"fence:   NONE where nothing else proves it: 180 s of silence are enough; {PROOFS}"
    )


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ({"root_disks": RootDisks.SHARED}, "shared: every guest may move"),
        ({"root_disks": RootDisks.LOCAL}, "local: guests with an image wait for their host"),
        (
            {"root_disks": RootDisks.LOCAL, "local_guests": LocalGuests.REBUILD},
            "local: guests with an image are rebuilt after 30 min, without their data",
        ),
    ],
)
def test_what_becomes_of_local_disks_is_shown(policy: dict[str, Any], told: str) -> None:
    rack = replace(RACK, policy=Policy(**policy))
    assert page(merged(rack, HOSTS, []), NOW, None)[5] == f"disks:   {told}"


def test_what_becomes_of_degraded_hosts_is_shown() -> None:
    def shown(hosts: int, cold: DegradedCold = DegradedCold.NO) -> str:
        policy = Policy(degraded=Degraded.DRAIN, degraded_hosts=hosts, degraded_cold=cold)
        return page(merged(replace(RACK, policy=policy), HOSTS, []), NOW, None)[9]

    what = "at a time: no new guests, those that run are migrated live"
    assert shown(1) == f"drain:   one degraded host {what}"
    assert shown(3) == f"drain:   3 degraded hosts {what}"
    assert (
        shown(1, DegradedCold.STOPPED)
        == f"drain:   one degraded host {what}, then those that are stopped cold"
    )


def test_degraded_hosts_are_named_with_what_has_come_of_it() -> None:
    waits = replace(decided(Verb.HOLD, Reason.DRAIN_LIMIT, incident=None), subject=hardware_subject("cmp2"))
    shown = merged(RACK, HOSTS, seen(waits))
    assert page(shown, NOW, None)[10] == "marked:  cmp2 waiting (drain-limit)"
    told = {each["name"]: each["degraded"] for each in as_json(shown)["hosts"]}
    assert (told["cmp2"], told["cmp1"]) == ("waiting", None)


def test_hosts_with_other_disks_than_their_segment_are_named() -> None:
    rack = replace(RACK, policy=Policy(root_disks=RootDisks.SHARED))
    same, other = (
        replace(host, root_disks=disks)
        for host, disks in zip(HOSTS, (RootDisks.SHARED, RootDisks.LOCAL), strict=False)
    )
    lines = page(merged(rack, (same, other, *HOSTS[2:]), []), NOW, None)
    assert lines[5] == "disks:   shared: every guest may move (but cmp2 local)"


def test_hosts_are_shown_with_their_state() -> None:
    assert page(merged(RACK, HOSTS, seen(*CLOSED)), NOW, None) == [
        "segment: rack1",
        "armed:   yes",
        "method:  auto",
        "storm:   from 50 % unhealthy hosts on",
        f"fence:   {PROOFS}",
        "disks:   unknown: guests with an image are moved as if they were shared; say root-disks: shared | local",
        "guests:  restarted if marked HA_Enabled, 3 times in 10m, then held",
        "process: nova-compute: no new guests until it runs again; others: noted; none for 5m after a boot",
        "return:  a recovered host that is switched on comes back by itself",
        "drain:   no host: that its hardware is degraded is noted",
        "",
        "HOST  STATE       FOR  RESERVE        MAINTENANCE                     WHY",
        "cmp1  out          1m  -              -                               recovered",
        "cmp2  in-service    -  -              yes                             -",
        "cmp3  in-service    -  -              until 2026-11-18T12:06:40.000Z  -",
        "r1    in-service    -  used for cmp1  -                               -",
        "r2    in-service    -  yes            -                               -",
    ]


def test_a_reserve_that_was_described_anew_is_one_again_and_a_given_one_is_taken() -> None:
    again = [replace(host, updated_at=NOW) for host in HOSTS]
    assert "used for" not in printed(page(merged(RACK, again, seen(*CLOSED)), NOW, None))
    assert "given to cmp1" in printed(page(merged(RACK, again, seen(*UNDER_WAY)), NOW, None))


def test_a_word_that_disarms_goes_before_the_description() -> None:
    said_no = decided(Verb.DISARM, Reason.COMMAND, incident=None, detail="ann: switch")
    lines = page(merged(RACK, HOSTS, seen(said_no)), NOW, None)
    assert lines[1] == "armed:   no, by disarm (command: ann: switch): kasugai segment arm rack1"
    bug = decided(Verb.ALERT, Reason.UNDECIDABLE, incident=None)
    assert "armed:   no, by alert (undecidable): " in printed(page(merged(RACK, HOSTS, seen(bug)), NOW, None))
    described = printed(page(merged(replace(RACK, armed=False), HOSTS, []), NOW, None))
    assert "armed:   no, by its description: kasugai segment apply" in described


def test_the_stable_form_has_the_same() -> None:
    shown = as_json(merged(RACK, HOSTS, seen(*CLOSED)))
    assert (shown["name"], shown["disarmed_by"]) == ("rack1", None)
    cmp1, *_, used, _ = shown["hosts"]
    assert (cmp1["state"], cmp1["state_since"], cmp1["why"]) == (
        "out",
        "2026-11-18T11:06:43.000Z",
        "recovered",
    )
    assert (used["state"], used["reserve_given_to"], used["reserve_is_spent"]) == ("in-service", "cmp1", True)


def shown_at(line: int, **policy: Any) -> str:
    return page(merged(replace(RACK, policy=Policy(**policy)), HOSTS, []), NOW, None)[line]


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ({"restart_all": True}, "all are restarted, 3 times in 10m, then held"),
        ({"ha_key": "gold", "restart_budget": 1}, "restarted if marked gold, once in 10m, then held"),
        (
            {"restart_window": Millis(86_400_000), "restart_then": Exhausted.RELOCATE},
            "restarted if marked HA_Enabled, 3 times in 24h, then moved to another host, once",
        ),
    ],
)
def test_which_guests_are_restarted_and_how_often_is_shown(policy: dict[str, Any], told: str) -> None:
    assert shown_at(6, **policy) == f"guests:  {told}"


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ({"process_disable": ()}, "all: noted; none for 5m after a boot"),
        (
            {"process_evacuate": ("libvirtd", "nova-compute"), "process_quiet": Millis(0)},
            "libvirtd: the host is fenced and evacuated; nova-compute: the host is fenced and evacuated; "
            "others: noted; none for 0s after a boot",
        ),
    ],
)
def test_what_becomes_of_a_host_whose_process_fails_is_shown(policy: dict[str, Any], told: str) -> None:
    assert shown_at(7, **policy) == f"process: {told}"


def test_steps_of_the_operator_s_own_are_shown_by_what_they_stand_in() -> None:
    assert shown_at(10) == ""
    assert shown_at(10, host_after=("a", "b"), instance_before=("snapshot",)) == (
        "steps:   host after all others: a, b; instance before all others: snapshot"
    )
