"""The demo's proof finds every way in which an outage can end badly."""

from dataclasses import replace

import pytest

from kasugai.cli.demo.proof import Outcome, outcomes, places
from kasugai.cli.demo.simulated import accepted_evacuations, ran_twice
from kasugai.core.recovering.look import GuestView, MigrationView

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
    assert places(found) == (
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
