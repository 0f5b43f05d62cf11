"""The text that Redis keeps of an entry: exact, compact, and refused in one line when it is not ours."""

import json

import pytest
from hypothesis import given

from kasugai.adapters.ledger_json import (
    VERSION,
    NotOurs,
    dump_entry,
    dump_offsets,
    load_entry,
    load_offsets,
)
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


@pytest.mark.parametrize("version", [2, 99])
def test_a_newer_version_is_called_newer(version: int) -> None:
    text = json.dumps({"v": version, "incident": str(ONE)})
    with pytest.raises(
        NotOurs, match=f"^written by a newer Kasugai .its version {version}, this one reads 1.: upgrade"
    ):
        load_entry(text)


WHOLE = dump_entry(Entry(incident=ONE))[:-1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "7",
        "[]",
        "{}",
        '{"v":1}',
        '{"v":"2"}',
        '{"v":null}',
        '{"v":true}',
        "[" * 100_000,
        '{"v":1,"incident":"not a uuid\nat all"}',
        WHOLE + ',"field of tomorrow":1}',
        WHOLE + ',"result":"evaporated"}',
        WHOLE + ',"steps":[1]}',
        WHOLE + ',"steps":"abc"}',
        WHOLE + ',"plan":{}}',
        WHOLE + ',"attempt":"1"}',
        WHOLE + ',"attempt":1.5}',
        WHOLE + ',"attempt":true}',
        WHOLE + f',"epoch":{2**63}}}',
        WHOLE + ',"epoch":Infinity}',
        WHOLE + ',"effects":1}',
        WHOLE + ',"reason":7}',
        WHOLE + ',"reason":"\\ud800"}',
        WHOLE + ',"priors":{"g1":"floating"}}',
    ],
)
def test_a_text_that_is_not_ours_is_refused_in_one_line_that_quotes_nothing(text: str) -> None:
    with pytest.raises(NotOurs, match=r"^not written by Kasugai \([^\n]*\)$") as told:
        load_entry(text)
    assert not text or text not in str(told.value)


@pytest.mark.parametrize(
    "text", ["", "7", "[1]", '{"a/0":"1"}', '{"a/0":1.5}', '{"a/0":-1}', '{"a/0":true}', "[" * 99_999]
)
def test_offsets_that_are_not_ours_are_refused_likewise(text: str) -> None:
    with pytest.raises(NotOurs, match=r"^not written by Kasugai"):
        load_offsets(text)
    assert load_offsets(dump_offsets({"b/1": 2, "a/0": 2**53})) == {"a/0": 2**53, "b/1": 2}
