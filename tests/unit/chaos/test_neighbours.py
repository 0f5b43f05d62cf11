"""A bad neighbour's blows: drawn from the seed, about whom they should be, and known for what they are."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import cast
from uuid import UUID

import pytest

from kasugai.adapters.proving.checker import Checker
from kasugai.adapters.proving.masters import Masters
from kasugai.core.telling.incident_views import IncidentView
from kasugai.core.words.signals import Command, Fault, Symptom
from kasugai.core.words.subject import Kind, host_subject
from kasugai.schemas.codec import Undecodable, decode
from kasugai.schemas.keys import Keyed, key_of
from kasugai.schemas.topics import COMMANDS, INCIDENTS, PEERS, RECOVERY, REPORTED, SIGNALS
from kasugai.streams.route import SOURCES, UNFIT, Route
from tests.chaos.lies import FLOOD, Hosts, Lie, Lies, lies
from tests.chaos.neighbour import BURST, FEW, Neighbour
from tests.chaos.reporter import _signed
from tests.chaos.schedule import Blow, Event
from tests.chaos.servers import RedisPair
from tests.chaos.spoiled import FORGED, OURS, STRANGER, TOPICS, Form, Place, Shot, is_forged, spoil
from tests.chaos.texts import TEXTS, texts
from tests.chaos.town import Town
from tests.support.agents import MASTER
from tests.support.incidents import INCIDENT, MIDWAY, views_of

PLACE = Place("cmp3", "5e9a0000-0000-5000-8000-000000000002")
LIVING = [f"cmp{n}" for n in range(1, 8)]
HOSTS = Hosts(LIVING, ["cmp9"])


def chance(seed: int = 1) -> random.Random:
    return random.Random(seed)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("topic", TOPICS)
def test_what_is_spoiled_is_no_value_of_its_topic(topic: str, form: Form, seed: int) -> None:
    """Or lies under a key that is not its own."""
    shot = spoil(chance(seed), topic, form, PLACE)
    assert shot.doomed and shot.fault is None and shot.record.topic == topic and shot.record.headers == OURS
    try:
        value = decode(shot.record.value or b"")
    except Undecodable:
        return
    if form is Form.MISKEYED and topic != SIGNALS:
        assert (shot.record.key or b"").decode() != key_of(cast("Keyed", value))
    else:
        assert isinstance(value, Fault if topic in (COMMANDS, SIGNALS) else Command)


def test_a_spoiled_record_would_do_harm_if_it_were_believed() -> None:
    shot = spoil(chance(), REPORTED, Form.MISKEYED, PLACE)
    value = decode(shot.record.value or b"")
    assert isinstance(value, Fault) and value.host == PLACE.host and value.asserted


@pytest.mark.parametrize("topic", [INCIDENTS[Kind.HOST], RECOVERY])
def test_the_newer_records_that_workers_fold_are_about_a_stranger(topic: str) -> None:
    """A host of which they cannot read all is held, and rightly."""
    assert spoil(chance(), topic, Form.NEWER, PLACE).record.key == STRANGER.encode()


def test_incidents_that_are_made_up_are_known_by_their_ids() -> None:
    assert is_forged(UUID(int=FORGED - 1)) and not is_forged(INCIDENT) and not is_forged(None)


def test_every_kind_of_key_gets_texts_and_each_seed_its_own() -> None:
    assert {text.kind for text in TEXTS} == {"lease", "subject", "index", "entry", "flag"}
    assert texts(chance(3)) == texts(chance(3))
    keys = {text.key("cmp1", INCIDENT) for text in TEXTS}
    assert f"kasugai:{{kasugai}}:entry:{INCIDENT}" in keys and "kasugai:{kasugai}:lease:host/cmp1" in keys


def test_a_foreign_lease_with_an_owner_ends_by_itself() -> None:
    """Nobody would give it back where nothing is recovered."""
    assert all(text.lasting for text in TEXTS if "owner" in text.words)


def takes(fault: Fault) -> bool:
    """Whether route carries it on from the agents' topic."""
    try:
        return bool(Route().letters(PEERS, fault))
    except UNFIT:
        return False


@pytest.mark.parametrize("lie", Lie)
def test_route_takes_of_a_lie_what_an_agent_may_say_and_nothing_else(lie: Lie) -> None:
    said = lies(chance(), lie, HOSTS, 7)
    assert said.all
    assert all(map(takes, said.told)) and not any(map(takes, said.unsaid))
    assert all(takes(each) and each.observer != f"host/{signer}" for each, signer in said.forged)


@pytest.mark.parametrize("lie", Lie)
def test_what_is_said_of_the_living_is_taken_back_by_whoever_said_it(lie: Lie) -> None:
    said = lies(chance(), lie, HOSTS, 7)
    accused = [(each.host, each.observer) for each in said.told if each.symptom is Symptom.DOWN]
    back = said.taken_back(7).told
    assert [(each.host, each.observer) for each in back] == accused
    assert {each.symptom for each in back} <= {Symptom.CLEAR} and all(map(takes, back))


@pytest.mark.parametrize("lie", Lie)
def test_whose_a_lie_is_is_proved_where_it_is_told_or_unsaid_and_nowhere_else(lie: Lie) -> None:
    """So that each of them is a dead letter for its own reason alone."""
    said = lies(chance(), lie, HOSTS, 7)
    checker = Checker(Masters(current=MASTER, keys={MASTER.id: MASTER}))
    proved, previous = [], None
    shots = said.shots
    for shot, record in zip(shots, _signed(shots), strict=True):
        value = decode(record.value or b"")
        assert isinstance(value, Fault)
        host = value.observer.removeprefix("host/")
        key = (record.key or b"").decode()
        doubt = checker.trouble(host, record.topic, key, record.value or b"", record.headers)
        proved.append((value.event_id, not doubt))
        assert not shot.again or record.headers == previous
        previous = record.headers
    forged = {each.event_id for each, _ in said.forged}
    assert {(id_, id_ not in forged) for id_, _ in proved} == set(proved)


def test_a_lie_about_the_dead_needs_one() -> None:
    assert lies(chance(), Lie.ALIVE, Hosts(LIVING, []), 7) == Lies()


def test_floods_are_floods() -> None:
    crowd, names = (lies(chance(), lie, HOSTS, 7).told for lie in (Lie.CROWD, Lie.NAMES))
    assert len({each.observer for each in crowd}) == FLOOD and len({each.host for each in crowd}) == 1
    assert len({each.host for each in names}) == FLOOD and len({each.observer for each in names}) == 1


def test_what_is_unsaid_must_be_buried_and_the_rest_gets_verdicts() -> None:
    shots = Lies(lies(chance(), Lie.FORGED, HOSTS, 7).told, lies(chance(), Lie.OFF, HOSTS, 7).unsaid).shots
    assert [bool(shot.doomed) for shot in shots] == [False] * (len(LIVING) - 2) + [True]
    assert all((shot.fault is None) is bool(shot.doomed) for shot in shots)
    assert all(shot.record.topic == PEERS and PEERS in SOURCES for shot in shots)


class FakeReporter:
    """Keeps what it is told to publish."""

    def __init__(self) -> None:
        self.segments = dict.fromkeys((*LIVING, "cmp9"), "rack1")
        self.shots: list[Shot] = []

    def shoot(self, shots: Sequence[Shot]) -> None:
        self.shots += shots


class FakeTown:
    """Seven living hosts, and a dead one."""

    def __init__(self) -> None:
        self.reporter, self.reports = FakeReporter(), 0

    def living(self) -> list[str]:
        return LIVING

    def dead(self) -> list[str]:
        return ["cmp9"]

    def report(self, host: str) -> Fault:
        self.reports += 1
        return lies(chance(), Lie.OFF, HOSTS, self.reports).unsaid[0]


class FakeRedis:
    """Keeps what is written over."""

    def __init__(self) -> None:
        self.keys: Counter[str] = Counter()

    def overwrite(self, key: str, *words: str, lasting: int = 0, beside: bool = False) -> None:
        self.keys[key] += 1


class Scene:
    """A bad neighbour among fakes, and an open incident of cmp1."""

    def __init__(self) -> None:
        self.town, self.redis = FakeTown(), FakeRedis()
        self.it = Neighbour(cast(Town, self.town), cast(RedisPair, self.redis))
        self.views: tuple[IncidentView, ...] = views_of(*MIDWAY)

    @property
    def counts(self) -> Mapping[str, int]:
        return self.it.counts


def event(blow: Blow, *, whom: float = 0.2, lie: str = "") -> Event:
    return Event(at=1.0, blow=blow, whom=whom, salt=5, lie=lie)


def test_records_are_spoiled_at_a_host_under_recovery() -> None:
    scene = Scene()
    assert scene.it.spoil(event(Blow.SPOILED), scene.views).startswith("at cmp1: ")
    assert FEW[0] <= scene.counts["unreadable"] == len(scene.town.reporter.shots) <= FEW[1]


def test_a_burst_has_a_spoiled_record_after_each_report() -> None:
    scene = Scene()
    assert scene.it.burst(event(Blow.BURST)) == f"about cmp9: {BURST} between {BURST}"
    assert [bool(shot.doomed) for shot in scene.town.reporter.shots] == [False, True] * BURST
    assert scene.counts["unreadable"] == BURST


def test_texts_are_written_over_the_keys_of_an_open_incident_or_of_any_other_host() -> None:
    scene = Scene()
    assert "cmp1 under recovery" in scene.it.write(event(Blow.TEXTS), scene.views)
    assert "under recovery" not in scene.it.write(event(Blow.TEXTS, whom=0.99), scene.views)
    assert scene.counts["texts"] == scene.redis.keys.total() >= 2
    assert any(str(INCIDENT) in key or host_subject("cmp1").name in key for key in scene.redis.keys)


def test_a_lie_is_told_counted_and_taken_back() -> None:
    scene = Scene()
    told, back = scene.it.lie(event(Blow.LIE, lie=Lie.DOWN))
    assert told == f"{Lie.DOWN} ({len(LIVING) - 1} hosts, {len(LIVING) - 1} words)"
    scene.it.take_back(back)
    assert scene.counts["lies"] == len(scene.town.reporter.shots) == 2 * (len(LIVING) - 1)
