"""The contract files: complete, agreeing with the code's names and keys, and with examples that really encode."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from kasugai.core.words.signals import Letter
from kasugai.schemas import topics
from kasugai.schemas.codec import CLASSES, decode, encode
from kasugai.schemas.keys import key_of
from kasugai.schemas.page import render
from kasugai.schemas.plain import from_json
from kasugai.schemas.rights import PEOPLE, PRINCIPALS
from kasugai.schemas.topics import Cleanup, ContractError, Stamped, Topic, contracts, parse

REPO = Path(__file__).resolve().parents[2]
TOPICS = list(contracts().values())
EXAMPLES = [
    pytest.param(topic, example, id=f"{topic.name}-{index}")
    for topic in TOPICS
    for index, example in enumerate(topic.examples)
]
GOOD: dict[str, Any] = {
    "name": "kasugai.x",
    "description": "d",
    "key": "host",
    "partitions": "deployment",
    "cleanup": "delete",
    "retention": "30 d",
    "timestamps": "create",
    "schemas": ["Fault"],
    "writers": ["api"],
    "readers": ["route"],
    "examples": [],
}
SAYS: dict[str, Any] = {"source": "peer", "symptoms": ["down"], "of": ["host"], "about": "others"}


def test_the_names_in_the_code_are_the_contracts() -> None:
    names = {
        *(
            topics.HEARTBEATS,
            topics.NOVA,
            topics.SERVICES,
            topics.POWER,
            topics.METRICS,
            topics.SIGHTINGS,
            topics.SILENCES,
            topics.PEERS,
            topics.REPORTED,
            topics.COMMANDS,
            topics.INVENTORY,
            topics.SIGNALS,
        ),
        *(topics.VERDICTS, topics.RECOVERY, topics.CHANGELOG),
        *topics.FAULTS.values(),
        *topics.INCIDENTS.values(),
    }
    assert names == {topic.name for topic in TOPICS if not topic.name.endswith(topics.DEAD_LETTERS)}


def test_every_file_is_named_after_its_topic() -> None:
    stems = {path.stem for path in (REPO / "schemas" / "topics").glob("*.yaml")} - {"dead-letters"}
    assert stems == {topic.name for topic in TOPICS if not topic.name.endswith(topics.DEAD_LETTERS)}


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_records_are_types_with_a_schema_and_each_is_shown(topic: Topic) -> None:
    assert set(topic.schemas) <= {cls.__name__ for cls in CLASSES}
    shown = {example.value["type"] for example in topic.examples}
    assert shown <= set(topic.schemas)
    assert bool(topic.examples) == bool(topic.schemas)


@pytest.mark.parametrize(("topic", "example"), EXAMPLES)
def test_an_example_encodes_under_its_key(topic: Topic, example: topics.Example) -> None:
    value: Any = from_json(example.value)
    assert decode(encode(value)) == value
    assert key_of(value) == example.key


def test_a_decision_rests_only_on_the_brokers_time() -> None:
    """Architecture.md 3: what dates a decision, a fact, a word, a beat or a command is LogAppendTime."""
    stamped = {topic.name for topic in TOPICS if topic.timestamps is Stamped.APPEND}
    read = {topics.SERVICES, topics.POWER, topics.METRICS}
    witnesses = {topics.NOVA, *read, topics.PEERS, topics.REPORTED, *topics.FAULTS.values()}
    words = {topics.HEARTBEATS, topics.COMMANDS, topics.SILENCES, topics.SIGHTINGS} | witnesses
    assert stamped == {topics.SIGNALS, topics.RECOVERY, *topics.INCIDENTS.values(), *words}


def test_the_changelog_lies_beside_the_mailbox() -> None:
    changelog, mailbox = contracts()[topics.CHANGELOG], contracts()[topics.SIGNALS]
    assert changelog.partitions_in(7) == mailbox.partitions_in(7) == 7
    assert changelog.cleanup is Cleanup.COMPACT
    assert mailbox.cleanup is Cleanup.DELETE, "the processor needs dense offsets"


def test_every_topic_that_a_reader_may_give_up_on_has_dead_letters() -> None:
    for topic in TOPICS:
        if topic.dead_letters:
            dead = contracts()[topics.dead_letters_of(topic.name)]
            before = topics.FIRST_READERS.get(topic.name, frozenset())
            assert set(dead.writers) == set(topic.readers) & topics.GIVE_UP | before
            assert topic.name in dead.description
            assert dead.partitions_in(12) == 3


def test_what_agents_write_is_proved_and_nothing_else_is() -> None:
    """A login of agents is no name: whoever has it writes these topics."""
    agents = {topic.name for topic in TOPICS if "agents" in topic.writers}
    assert agents == topics.proved_topics() and topics.PEERS in agents


def test_every_topic_of_faults_says_who_may_say_what_and_no_other_does() -> None:
    read = {topics.SERVICES, topics.POWER, topics.METRICS}
    told = {topics.REPORTED, topics.NOVA, topics.PEERS, *read, *topics.FAULTS.values()}
    assert {topic.name for topic in TOPICS if topic.says} == told
    for topic in TOPICS:
        sources = [saying.source for saying in topic.says]
        assert len(sources) == len(set(sources)), f"{topic.name}: one row for each kind of witness"


def test_every_writer_and_reader_is_somebody_with_a_login() -> None:
    known = {*(principal.role for principal in PRINCIPALS), *PEOPLE}
    assert {word for topic in TOPICS for word in (*topic.writers, *topic.readers)} <= known


def test_the_page_is_fresh() -> None:
    page = (REPO / "docs" / "topics.md").read_text()
    assert page == render(TOPICS), "type .venv/bin/python tools/draw_topics.py"


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"key": None, "colour": "red"}, "x.yaml: knows no colour"),
        ({"partitions": 0}, "x.yaml: partitions: a number or `deployment` belongs here, not 0"),
        ({"cleanup": "burn"}, "x.yaml: 'burn' is not a valid Cleanup"),
        ({"cleanup": "compact"}, "x.yaml: retention belongs to cleanup: delete, and only there"),
        ({"retention": "30 y"}, "x.yaml: 'y'"),
        ({"timestamps": "mine"}, "x.yaml: 'mine' is not a valid Stamped"),
        ({"says": [{**SAYS, "source": "gossip"}]}, "x.yaml: 'gossip' is not a valid Source"),
        (
            {"says": [{**SAYS, "about": "itself and others"}]},
            "x.yaml: 'itself and others' is not a valid About",
        ),
        ({"says": [{**SAYS, "of": ["rack"]}]}, "x.yaml: 'rack' is not a valid Kind"),
        ({"says": [{**SAYS, "symptoms": ["late"]}]}, "x.yaml: 'late' is not a valid Symptom"),
    ],
)
def test_a_wrong_contract_is_refused(change: dict[str, Any], line: str) -> None:
    with pytest.raises(ContractError) as caught:
        parse("x.yaml", yaml.safe_dump(GOOD | change))
    assert str(caught.value) == line


def test_an_incomplete_contract_is_refused() -> None:
    body = {key: value for key, value in GOOD.items() if key not in ("readers", "key")}
    with pytest.raises(ContractError, match=r"^x.yaml: lacks key, readers$"):
        parse("x.yaml", yaml.safe_dump(body))
    with pytest.raises(ContractError, match=r"^x.yaml: a mapping belongs here$"):
        parse("x.yaml", "- just\n- words\n")


def test_a_letter_to_a_whole_partition_has_no_key() -> None:
    letters = [from_json(example.value) for example in contracts()[topics.SIGNALS].examples]
    assert [key_of(letter) for letter in letters if isinstance(letter, Letter)][-1] is None
