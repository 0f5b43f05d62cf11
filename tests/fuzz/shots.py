"""What is shot at the pipeline: records as anybody might write them, with any key and any headers."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from kasugai.adapters.kafka.records import Headers
from kasugai.adapters.proving.header import PROOF
from kasugai.adapters.proving.masters import derive
from kasugai.adapters.proving.prover import Prover
from kasugai.core.words.facts import Fact, FactKind, Result
from kasugai.core.words.signals import Letter, Source, Symptom, fault
from kasugai.core.words.subject import INCIDENT_KINDS, Kind, Subject, host_subject
from kasugai.schemas import mapper
from kasugai.schemas.bounds import Number, Text, bound_of
from kasugai.schemas.codec import CLASSES, encode
from kasugai.schemas.keys import key_of
from kasugai.schemas.mapper import By
from kasugai.schemas.shape import Many, Maybe, Plain, Record, Shape, slots_of
from kasugai.schemas.topics import RECOVERY, REPORTED, SIGNALS, contracts
from kasugai.streams.sayings import AGENT
from tests.strategies import values_of
from tests.support.agents import MASTER
from tests.support.unbounded import frame_of

HOSTS = ("cmp1", "cmp2", "spare", "stranger")
GUESTS = tuple(str(UUID(int=number)) for number in range(4))
"""Instances that Nova does not know; under anything but a uuid route lets none pass."""
TYPES = {cls.__name__: cls for cls in CLASSES}
TOPICS = tuple(topic for topic in contracts().values() if topic.schemas and "." in topic.name)
"""All but correlate's own rows, which nobody else may write, and dead letters, which nobody reads."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One record on its way."""

    topic: str
    key: str
    value: bytes | None
    headers: Headers = ()
    after: float = 0.0
    """Seconds that pass before it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A worker's word about whatever incident of the host is open when it comes."""

    host: str
    fact: Fact
    after: float


texts = st.text(max_size=20)
pauses = st.sampled_from([0.0, 0.0, 0.0, 0.3, 5.0, 40.0])
details = {Kind.HOST: st.just(""), Kind.INSTANCE: st.sampled_from(GUESTS) | texts}
subjects = st.sampled_from([Kind.HOST, Kind.HOST, *INCIDENT_KINDS, Kind.SEGMENT]).flatmap(
    lambda kind: st.builds(
        Subject, kind=st.just(kind), host=st.sampled_from(HOSTS) | texts, detail=details.get(kind, texts)
    )
)
headers = st.lists(
    st.tuples(
        st.sampled_from(["traceparent", "tracestate", "kasugai-schema", PROOF, "dlq-error", "x"]),
        st.binary(max_size=80)
        | st.sampled_from(
            [
                f"00-{1:032x}-{2:016x}-01".encode(),
                b"a=1,b=2",
                b"00-" + b"f" * 100_000,
                b"k=" + b"v" * 100_000,
                b"0" * 64 + f" 1 {MASTER.id} boot 1 cmp2".encode(),
                b"0" * 64 + b" 1 " + b"f" * 100_000,
            ]
        ),
    ),
    max_size=4,
).map(tuple)
known = {
    "subject": subjects,
    "host": st.sampled_from(HOSTS),
    "segment": st.sampled_from(["rack1", "unknown", "", "x"]),
}


def well_formed(name: str) -> st.SearchStrategy[Any]:
    """Return a strategy for values of a type, mostly about what there is."""
    cls = TYPES[name]
    fields = {slot.name for slot in slots_of(cls)}
    return values_of(cls, **{field: each for field, each in known.items() if field in fields})


sensible = st.builds(
    fault,
    host=st.sampled_from(HOSTS),
    observer=st.sampled_from(["api", "host/cmp2"]) | texts,
    source=st.sampled_from(Source),
    symptom=st.sampled_from(Symptom),
    episode=st.sampled_from(["e1", "e2"]) | texts,
    asserted=st.booleans(),
    boot_id=st.sampled_from(["", "b1", "b2"]),
)
"""What opens incidents."""


@st.composite
def shots(draw: st.DrawFn) -> Shot:
    """Return a strategy for records on any topic."""
    topic = draw(st.sampled_from(TOPICS))
    name = draw(st.sampled_from(topic.schemas) | st.sampled_from([*topic.schemas, *TYPES]))
    value: Any = draw(well_formed(name))
    key = draw(st.just(_key(value)) | texts)
    body = draw(st.just(encode(value)) | spoiled(value))
    proof = draw(proofs(topic.name, key, body, value)) if topic.proved else ()
    return Shot(topic.name, key, body, (*draw(headers), *proof), draw(pauses))


@st.composite
def proofs(draw: st.DrawFn, topic: str, key: str, body: bytes | None, value: Any) -> Headers:
    """Return a strategy for what a host signs a record with: mostly the one that speaks, now and then with an old
    count, another host, or nobody."""
    own = getattr(value, "observer", key).removeprefix(AGENT)
    host = draw(st.sampled_from([own, own, own, "cmp2", ""]))
    count = draw(st.integers(0, 5))
    if not host:
        return ()
    prover = Prover(host, derive(MASTER, host), boot=draw(st.sampled_from("ab")), clock=lambda: count)
    return (prover.header(topic, key, body or b""),)


def _key(value: Any) -> str:
    try:
        return key_of(value) or ""
    except AttributeError:
        return ""


reports = st.builds(
    lambda said, more, after: Shot(REPORTED, said.host, encode(said), more, after), sensible, headers, pauses
)
letters = st.builds(
    lambda said, segment, after: Shot(
        SIGNALS, segment, encode(Letter(segment=segment, signal=said)), (), after
    ),
    sensible,
    st.sampled_from(["rack1", "unknown", "x"]),
    pauses,
)
answers = st.builds(
    Answer,
    st.sampled_from(["cmp1", "cmp2"]),
    values_of(
        Fact,
        kind=st.sampled_from([kind for kind in FactKind if kind.is_outcome]),
        result=st.sampled_from(Result),
        epoch=st.integers(0, 3) | st.just(2**53 - 1),
        segment=st.just("rack1"),
    ),
    pauses,
)


@st.composite
def spoiled(draw: st.DrawFn, value: Any) -> bytes | None:
    """Return a strategy for what is left of a record's bytes."""
    whole = encode(value)
    match draw(st.sampled_from(["nothing", "cut", "flipped", "longer", "rubbish", "bound", "bound"])):
        case "nothing":
            return None
        case "cut":
            return whole[: draw(st.integers(0, len(whole)))]
        case "flipped":
            bent = bytearray(whole)
            for _ in range(draw(st.integers(1, 3))):
                bent[draw(st.integers(0, len(bent) - 1))] ^= 1 << draw(st.integers(0, 7))
            return bytes(bent)
        case "longer":
            return whole + draw(st.binary(min_size=1, max_size=8))
        case "rubbish":
            return draw(st.binary(max_size=60))
        case _:
            return draw(beyond(value))


@st.composite
def beyond(draw: st.DrawFn, value: Any) -> bytes:
    """Return a strategy for frames in which one field of a record holds more than it may."""
    cls: type = type(value)
    body: dict[str, Any] = mapper.writer(cls, By.OURSELVES)(value)
    places = list(_places(cls, body))
    if places:
        body = _put(body, *draw(st.sampled_from(places)))
    return frame_of(cls, body)


def _places(cls: type, body: dict[str, Any]) -> Any:
    """Every plain field, also of nested records, with something that is too much for it."""
    for slot in slots_of(cls):
        if slot.name in body:
            yield from _in_field(cls, slot.name, slot.shape, body[slot.name])


def _in_field(cls: type, name: str, shape: Shape, value: Any) -> Any:
    match shape:
        case Plain(leaf) if leaf is not bool:
            bound = bound_of(cls, name, leaf)
            if isinstance(bound, Number):
                yield (name,), 2**62
            if isinstance(bound, Text):
                yield (name,), "x" * (bound.most + 1)
                yield (name,), "y" * 300_000
        case Record(inner):
            yield from (((name, *way), worse) for way, worse in _places(inner, value))
        case Maybe(Plain(leaf)) if leaf is int:
            yield (name,), 2**62
        case Many(Plain(leaf)) if leaf is str:
            yield (name,), ["z"] * 20_000
        case _:
            pass


def _put(body: dict[str, Any], way: tuple[str, ...], worse: Any) -> dict[str, Any]:
    first, *rest = way
    return {**body, first: _put(body[first], tuple(rest), worse) if rest else worse}


def answered(answer: Answer, order: Any) -> Shot:
    """Return an answer as a record about the open incident `order` (None: about none)."""
    fact = replace(answer.fact, subject=host_subject(answer.host))
    if order is not None:
        fact = replace(fact, incident=order.incident, attempt=order.attempt, n=order.n)
    return Shot(RECOVERY, answer.host, encode(fact))


anything = st.one_of(shots(), shots(), reports, reports, letters, answers)
"""What may come next."""
