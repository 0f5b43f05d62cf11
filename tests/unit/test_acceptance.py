"""What `make acceptance` judges by: the hypervisors' diary, Nova's request log, and the shipped policy files."""

import json
from pathlib import Path

import pytest
from acceptance.cases.conformance import NOT_HERE
from acceptance.cases.guests import GUESTS, KINDS, kind_of, names
from acceptance.cases.rights import SILENT
from acceptance.race import BARE, OURS, PEER, TOLD, Round, figures
from acceptance.requests import asked
from acceptance.results import Result, Verdict, check, collected, failed
from acceptance.stack.hypervisors import Hypervisors
from acceptance.stack.policies import KEYSTONE, NOVA, PLACEMENT, Policies, rights, shipped

from kasugai.adapters.nova import questions as asking
from kasugai.adapters.nova.session import Service

ASKED = {
    service: {question.rule for question in asking.QUESTIONS if question.service is service}
    for service in Service
}
ABOUT_ONE = {asking.SHOW, asking.FILTERS, asking.EVACUATE, asking.ACTIONS, asking.ACTION}
RULES = ASKED[Service.NOVA] | {rule for rule, *_ in asking.SILENT}
OTHERS = {asking.SERVERS, asking.ATTRIBUTES, asking.SPECS, *ABOUT_ONE}


def diary(folder: Path, *lines: tuple[str, str, str]) -> Hypervisors:
    """Write a diary of host, event and guest."""
    entries = [
        {"at": float(at), "host": host, "event": event, "guest": guest}
        for at, (host, event, guest) in enumerate(lines)
    ]
    (folder / "diary.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return Hypervisors(folder)


def test_a_guest_that_starts_elsewhere_while_it_runs_ran_twice(tmp_path: Path) -> None:
    found = diary(tmp_path, ("cmp1", "started", "g"), ("cmp2", "started", "g"), ("cmp1", "destroyed", "g"))
    assert found.ran_twice() == {"g"}
    assert found.running() == {"g": {"cmp2"}}


def test_a_guest_whose_host_was_off_when_it_started_elsewhere_did_not(tmp_path: Path) -> None:
    found = diary(tmp_path, ("cmp1", "started", "g"), ("cmp1", "lost power", ""), ("cmp2", "started", "g"))
    assert found.ran_twice() == set()
    assert found.running() == {"g": {"cmp2"}}


def test_a_guest_that_is_stopped_or_was_only_begun_runs_nowhere(tmp_path: Path) -> None:
    found = diary(tmp_path, ("cmp1", "started", "g"), ("cmp1", "stopped", "g"), ("cmp2", "building", "h"))
    assert found.running() == {}


def test_a_host_that_loses_power_keeps_its_guests_disks_and_runs_none(tmp_path: Path) -> None:
    found = diary(tmp_path, ("cmp1.rack1", "started", "g"))
    (tmp_path / "cmp1.rack1.guests.json").write_text(json.dumps({"g": ["instance-1", 1]}))
    found.lose_power("cmp1.rack1")
    assert found.running() == {}
    assert found.defined() == {"g": {"cmp1.rack1"}}


def test_requests_are_told_apart_by_who_asked_and_when(tmp_path: Path) -> None:
    log = tmp_path / "nova.log"
    log.write_text(
        "REQUEST 5000 POST /v2.1/servers/a/action 200 250 kasugai openstacksdk/4\n"
        "2026-11-29 INFO of Nova's own\n"
        "REQUEST 4000 GET /v2.1/servers/detail?host=x 200 20 kasugai openstacksdk/4\n"
        "REQUEST 4500 POST /v2.1/os-aggregates/1/action 404 9 kasugai openstacksdk/4\n"
        "REQUEST 4600 POST /v2.1/servers/a/action 200 9 bare keystoneauth1/5\n"
    )
    found = asked(log, 4.2, "kasugai")
    assert [(one.at, one.is_action, one.seconds) for one in found] == [(4.5, False, 0.009), (5.0, True, 0.25)]


def test_what_is_asked_for_is_what_the_shipped_files_give() -> None:
    given = set(rights(NOVA))
    shown = {
        asking.PLACES,
        "os_compute_api:os-migrations:index:all_projects",
        "os_compute_api:servers:detail",
        "os_compute_api:os-server-groups:index",
    }
    assert given == RULES | OTHERS | shown
    assert rights(KEYSTONE) == [asking.TAGS.rule]
    assert set(rights(PLACEMENT)) == ASKED[Service.PLACEMENT]
    assert {rule for rule, *_ in asking.SILENT} == SILENT <= given


def test_a_right_that_is_taken_away_is_the_only_change(tmp_path: Path) -> None:
    policies = Policies(tmp_path)
    policies.restore()
    whole = (tmp_path / "nova.yaml").read_text()
    policies.take_away(NOVA, asking.EVACUATE)
    changed = (tmp_path / "nova.yaml").read_text()
    differing = [line for line in whole.splitlines() if line not in changed.splitlines()]
    assert differing == [f"{asking.EVACUATE}: {shipped(NOVA)[asking.EVACUATE]}"]


def test_what_cannot_be_played_there_is_named_by_cases_that_there_are() -> None:
    suite = Path(__file__).resolve().parents[1] / "conformance" / "cloud"
    cases = "".join(file.read_text() for file in sorted(suite.glob("test_*.py")))
    assert [name for name in NOT_HERE if f"def {name}(" not in cases] == []


def test_a_guest_that_ends_by_itself_is_told_to_its_hypervisor(tmp_path: Path) -> None:
    Hypervisors(tmp_path).end("cmp1", "g")
    assert [file.name for file in tmp_path.iterdir()] == ["cmp1.g.ended"]


def test_every_guest_has_a_kind() -> None:
    assert len(names()) == GUESTS == 50
    assert {kind_of(name).ends for name in names()} == {"active", "stopped"}
    assert set(KINDS) >= {"active", "stopped", "paused", "suspended", "error", "locked"}


def test_a_case_that_breaks_off_fails_and_the_next_chapter_goes_on() -> None:
    def breaks() -> str:
        raise RuntimeError("away\nmore")

    assert check("s", "c", breaks).said == "RuntimeError: away"
    assert failed([check("s", "c", breaks)]) and not failed([check("s", "c", lambda: "fine")])
    (result,) = collected("s", lambda: (check("s", str(1 // 0), lambda: "") for _ in "x"))
    assert result.verdict is Verdict.FAILED


@pytest.mark.parametrize("verdict", [Verdict.OK, Verdict.EXPECTED, Verdict.NOT_HERE])
def test_only_what_failed_fails_the_run(verdict: Verdict) -> None:
    assert not failed([Result(subject="s", case="c", verdict=verdict, seconds=0.0)])


def test_ratios_are_of_the_same_round() -> None:
    def one(who: str, seconds: float) -> Round:
        return Round(who=who, seconds=seconds, before=1.0, after=1.0, requests=1.0, destinations="")

    found = [one(who, seconds) for seconds in (10.0, 40.0) for who in (OURS, TOLD, BARE, PEER)]
    found[0] = one(OURS, 5.0)
    by = {figure.what: figure.value for figure in figures(found)}
    assert by["Kasugai / bare calls, median"] == 0.75
    assert by["Kasugai / bare calls, worst"] == 1.0
