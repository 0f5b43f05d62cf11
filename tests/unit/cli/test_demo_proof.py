"""The demo's proof finds every way in which an outage can end badly, or be found by others than the demo's own eyes."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest

from kasugai.cli.demo.death import unseen
from kasugai.cli.demo.eyes import beating
from kasugai.cli.demo.proof import Outcome, outcomes, places
from kasugai.cli.demo.simulated import accepted_evacuations, ran_twice
from kasugai.cli.demo.stopwatch import Stopwatch
from kasugai.core.recovering.nova_views import GuestView, MigrationView
from kasugai.core.words.verdicts import Evidence, Reason, Verb
from tests.support.incidents import MIDWAY, WHOLE, decided, opened, view_of

BEFORE = GuestView(uuid="a", name="web1", host="cmp1", vm_state="active", task_state=None, power_state=1)
AFTER = replace(BEFORE, host="cmp2")


def test_back_elsewhere_in_its_state_after_one_evacuation_is_as_it_should_be() -> None:
    assert Outcome(before=BEFORE, after=AFTER, evacuations=1).problems == ()


@pytest.mark.parametrize(
    ("after", "evacuations", "problem"),
    [
        (None, 1, "web1 is gone"),
        (BEFORE, 1, "web1 is still on cmp1"),
        (replace(AFTER, task_state="rebuilding"), 1, "web1 is still busy (rebuilding)"),
        (replace(AFTER, vm_state="stopped"), 1, "web1 was active and is stopped"),
        (replace(AFTER, locked=True), 1, "web1 was active and is active, locked"),
        (AFTER, 2, "Nova has recorded 2 evacuations of web1"),
        (AFTER, 0, "Nova has recorded 0 evacuations of web1"),
    ],
)
def test_anything_else_is_a_problem(after: GuestView | None, evacuations: int, problem: str) -> None:
    assert Outcome(before=BEFORE, after=after, evacuations=evacuations).problems == (problem,)


def test_only_evacuations_since_the_outage_count() -> None:
    def record(number: int, kind: str = "evacuation", guest: str = "a") -> MigrationView:
        return MigrationView(
            migration_id=number, guest=guest, migration_type=kind, status="done", source="cmp1", dest="cmp2"
        )

    records = [record(3), record(4), record(5, "live-migration"), record(6, guest="b")]
    (outcome,) = outcomes([BEFORE], {"a": AFTER}, records, mark=3)
    assert outcome.evacuations == 1


def test_the_table_of_places() -> None:
    found = [
        Outcome(before=BEFORE, after=AFTER, evacuations=1),
        Outcome(before=BEFORE, after=None, evacuations=0),
    ]
    assert "\n".join(places(found)) == (
        "INSTANCE  WAS ON  IS ON  WAS     IS      EVACUATIONS\n"
        "web1      cmp1    cmp2   active  active            1\n"
        "web1      cmp1    -      active  gone              0"
    )


def test_the_diary_tells_who_ever_ran_twice() -> None:
    def entry(guest: str, host: str, event: str) -> dict[str, str]:
        return {"guest": guest, "host": host, "event": event}

    moved = [entry("a", "cmp1", "started"), entry("a", "cmp1", "stopped"), entry("a", "cmp2", "started")]
    doubled = [entry("b", "cmp1", "started"), entry("b", "cmp2", "started"), entry("b", "cmp1", "stopped")]
    assert ran_twice([*moved, *doubled]) == ["b"]


def test_only_accepted_evacuations_count() -> None:
    def request(action: str, status: int | None) -> dict[str, object]:
        return {"action": action, "subject": "a", "status": status}

    assert accepted_evacuations(
        [request("evacuate", 200), request("evacuate", 409), request("stop", 200)]
    ) == {"a": 1}


def evidence(observer: str, symptom: str) -> Evidence:
    return Evidence(
        event_id=UUID(int=hash((observer, symptom)) % 2**128), observer=observer, symptom=symptom, episode="1"
    )


SILENT, OFF = evidence("liveness", "down"), evidence("power/observe", "off")


@pytest.mark.parametrize(
    ("found_by", "missing"),
    [
        ((SILENT, OFF), []),
        ((OFF,), ["it was not found by its silence"]),
        ((SILENT,), ["its power was not read"]),
        ((SILENT, OFF, evidence("operator", "down")), ["operator has reported it"]),
    ],
)
def test_only_silence_and_power_may_have_found_the_host(
    found_by: tuple[Evidence, ...], missing: list[str]
) -> None:
    first, later = opened(evidence=found_by[:1]), opened(n=2, evidence=found_by)
    assert unseen(view_of(first, later)) == missing


def test_figures_are_of_the_moment_in_which_something_was_first_seen() -> None:
    ticks: Iterator[float] = iter((100.0, 102.5, 103.0, 104.0, 105.0, 116.0))
    watch = Stopwatch(clock=lambda: next(ticks))
    suspicion = view_of(decided(Verb.SUSPECT, Reason.FIRST_SIGHTING, None))
    for view in (suspicion, view_of(opened()), view_of(*MIDWAY), view_of(*MIDWAY), view_of(*WHOLE)):
        watch.see(view)
    assert (watch.suspected, watch.found, watch.moving, watch.back) == (2.5, 3.0, 4.0, 16.0)
    assert [line.split()[0] for line in watch.lines()] == ["2.5", "3.0", "4.0", "16.0"]


def test_who_beats_is_read_from_liveness_own_metric() -> None:
    page = """\
# TYPE kasugai_liveness_hosts gauge
kasugai_liveness_hosts{state="silent"} 2.0
kasugai_liveness_hosts{state="beating"} 3.0
kasugai_liveness_faults_total{symptom="beating"} 7.0
"""
    assert beating(page) == 3
    assert beating("") == 0
