"""The text that Redis keeps of an entry: exact, compact, and refused in one line when it is not ours."""

import json

import pytest
from hypothesis import given

from kasugai.adapters.ledger_json import VERSION, LedgerUnreadable, dump_entry, load_entry
from kasugai.core.recovering.ledger import Entry
from kasugai.core.words.facts import StepRecord, StepState
from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.subject import host_subject
from tests.strategies import values_of
from tests.support.ledgers import incident, large_entry

ONE = incident(1)


@given(values_of(Entry))
def test_an_entry_comes_back_exactly(entry: Entry) -> None:
    assert load_entry(dump_entry(entry)) == entry


def test_what_has_its_default_value_is_left_out() -> None:
    assert json.loads(dump_entry(Entry(incident=ONE, epoch=3))) == {
        "v": VERSION,
        "incident": str(ONE),
        "epoch": 3,
    }


def test_a_known_text_is_read_for_ever() -> None:
    """Whoever changes the form raises VERSION and keeps reading this one."""
    text = (
        '{"v":1,"incident":"00000000-0000-0000-0000-000000000001",'
        '"subject":{"kind":"host","host":"cmp1"},"epoch":2,'
        '"plan":{"incident":"00000000-0000-0000-0000-000000000001","attempt":1,"epoch":2,"host":"cmp1","window":8,'
        '"steps":[{"action":"fence","subject":"cmp1"},{"action":"evacuate","subject":"g1","needs":["fence:cmp1"]}]},'
        '"steps":{"force-down:cmp1":{"action":"force-down","subject":"cmp1","state":"done","epoch":2,"tries":1,'
        '"notes":{"mark":"t1"}}},"effects":true}'
    )
    entry = load_entry(text)
    assert entry.steps == {
        "force-down:cmp1": StepRecord(
            action="force-down",
            subject="cmp1",
            state=StepState.DONE,
            epoch=2,
            tries=1,
            notes=FrozenMap({"mark": "t1"}),
        )
    }
    assert entry.plan is not None and [step.key for step in entry.plan.steps] == ["fence:cmp1", "evacuate:g1"]
    assert dump_entry(entry) == text


def test_a_plan_of_two_hundred_guests_stays_small() -> None:
    entry = large_entry(200, incident=ONE, subject=host_subject("cmp1.example.org"))
    assert len(dump_entry(entry)) < 150_000


@pytest.mark.parametrize("version", [2, 99, "2", None])
def test_another_version_is_refused_in_one_line_that_names_the_incident(version: object) -> None:
    text = json.dumps({"v": version, "incident": str(ONE)})
    with pytest.raises(
        LedgerUnreadable, match=f"^ledger record of incident {ONE} has version .* reads 1: upgrade"
    ):
        load_entry(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "7",
        "[]",
        "{}",
        '{"v":1}',
        '{"v":1,"incident":"not a uuid\\nat all"}',
        dump_entry(Entry(incident=ONE))[:-1] + ',"field of tomorrow":1}',
        dump_entry(Entry(incident=ONE))[:-1] + ',"result":"evaporated"}',
        dump_entry(Entry(incident=ONE))[:-1] + ',"steps":[1]}',
        dump_entry(Entry(incident=ONE))[:-1] + ',"plan":{}}',
    ],
)
def test_a_text_that_is_not_ours_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(
        LedgerUnreadable, match=r"^ledger record .* cannot be read .*: type kasugai rebuild$"
    ) as told:
        load_entry(text)
    assert "\n" not in str(told.value)
