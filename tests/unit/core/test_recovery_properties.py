"""Whatever Nova, the wire, the power and the owners do: a recovery never begins what it must not, and it ends."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kasugai.core.recovering.ledger import Flag
from kasugai.core.recovering.look import PowerState
from kasugai.core.words.facts import FactKind, Result
from kasugai.core.words.timing import TEST, BrokerTime
from tests.unit.core.makers import guest, migration
from tests.unit.core.scripts import examples
from tests.unit.core.world import HOST, OTHER, Server, Worker, dead_host

GUESTS = ["g1", "g2", "g3"]
ON_THE_WIRE = TEST.client + TEST.wire
Move = tuple[str, str, int]

PAUSES = [TEST.look_interval, TEST.look_interval, 1_000, 2_500, TEST.settle, TEST.landing + 1]
LOOKS = ["clear", "clear", "clear", "clear", "silent", "lists", "row", "after"]
FATES = ["accepted", "accepted", "accepted", "refused", "away", "lost", "late"]
WORDS = ["done", "done", "done", "pre-migrating", "error", "failed"]
HANDS = [
    "delete",
    "arrive",
    "migrate",
    "evacuate",
    "start",
    "start",
    "reset",
    "power on",
    "power off",
    "touch",
    "stop",
    "go",
    "cell",
]

looks = st.tuples(st.just("look"), st.sampled_from(LOOKS), st.sampled_from(PAUSES))
plain = st.tuples(st.just("look"), st.just("as it is"), st.just(TEST.look_interval))
replies = st.tuples(st.just("reply"), st.sampled_from(FATES), st.integers(0, TEST.wire))
words = st.tuples(st.just("nova"), st.sampled_from(WORDS), st.integers(0, 2))
hands = st.tuples(st.just("hand"), st.sampled_from(HANDS), st.integers(0, 2))
rests = st.tuples(st.sampled_from(["die", "order", "order"]), st.just(""), st.integers(0, ON_THE_WIRE))
moves: st.SearchStrategy[Move] = st.one_of(
    looks, plain, plain, plain, replies, replies, words, words, words, hands, hands, rests
)


def begun(worker: Worker) -> Worker:
    """Let all go well until the first guest's evacuation has been called."""
    while not any(key.startswith("evacuate") for key in worker.calls) and worker.begun < 5:
        for key in sorted(worker.calls):
            worker.reply(key, "accepted", 0)
        worker.nova.pass_time(TEST.look_interval)
        worker.see(row=True, lists=True, row_after=True)
    return worker


def landed(worker: Worker) -> Worker:
    """Let all go well until guests are elsewhere that are to be stopped again, and nobody has looked at them yet."""
    for _ in range(20):
        for key in sorted(worker.calls):
            worker.reply(key, "accepted", 0)
        for uuid in worker.nova.servers:
            worker.nova.progress(uuid, "done")
        if any(server.view.host == OTHER for server in worker.nova.servers.values()):
            return worker
        worker.nova.pass_time(TEST.look_interval)
        worker.see(row=True, lists=True, row_after=True)
    raise AssertionError("nobody lands")


states = st.lists(st.sampled_from(["active", "active", "stopped", "error", "paused"]), min_size=1, max_size=3)
with_device = st.builds(
    dead_host, states, window=st.integers(1, 2), has_device=st.just(True), asserted=st.booleans()
)
vouched = st.builds(dead_host, states, window=st.just(2), has_device=st.just(False), asserted=st.just(True))
unproven = st.builds(dead_host, states, window=st.just(2), has_device=st.just(False), asserted=st.just(False))
stopped = st.builds(
    dead_host,
    st.lists(st.just("stopped"), min_size=1, max_size=2),
    window=st.integers(1, 2),
    has_device=st.just(True),
    asserted=st.just(False),
).map(landed)
worlds = st.one_of(
    with_device,
    unproven,
    vouched,
    vouched.map(begun),
    with_device.map(begun),
    with_device.map(begun),
    stopped,
)


def play(worker: Worker, script: list[Move]) -> Worker:
    for what, how, number in script:
        match what:
            case "look":
                worker.nova.pass_time(number)
                see(worker, worker.nova.mood if how == "as it is" else how)
            case "reply":
                for key in sorted(worker.calls)[:1]:
                    worker.reply(key, how, number)
            case "nova":
                uuids = sorted(worker.nova.servers)
                worker.nova.progress(uuids[number % len(uuids)], how)
            case "hand":
                meddle(worker, how, number)
            case "die":
                worker.nova.pass_time(1)
                worker.die(number)
            case _:
                worker.order_again()
    return worker


def see(worker: Worker, how: str) -> None:
    """Look, while Nova leaves out what a cell holds that is silent: all of it, or only for one request."""
    worker.see(
        row=how not in ("silent", "row"),
        lists=how not in ("silent", "lists"),
        row_after=how not in ("silent", "after"),
    )


def meddle(worker: Worker, how: str, number: int) -> None:
    """Let operators, users and the host itself do something."""
    nova = worker.nova
    uuid = f"g{number + 1}"
    server = nova.servers.get(uuid)
    match how:
        case "power on" | "power off":
            nova.power = PowerState.ON if how == "power on" else PowerState.OFF
        case "touch":
            nova.version += 1
        case "cell":
            nova.mood = LOOKS[4 + number] if nova.mood == "clear" else "clear"
        case "stop" | "go":
            offset = worker.flag.offset + 1 if worker.flag else 0
            worker.flag = Flag(said_at=BrokerTime(0), offset=offset, stop=how == "stop")
            worker.go_on()
        case "start" if server is not None:
            nova.start(uuid)
            see(worker, nova.mood)
        case "arrive" if "g9" not in nova.servers:
            nova.servers["g9"] = Server(guest("g9"))
        case _:
            if server is not None:
                meddle_with(worker, server, how)
                see(
                    worker, nova.mood
                )  # what happens between a look and a call is a race that no look can win


def meddle_with(worker: Worker, server: Server, how: str) -> None:
    view = server.view
    if view.host != HOST or view.deleted or is_touched(worker, view.uuid):
        return
    match how:
        case "delete":
            server.view = replace(view, deleted=True)
        case "migrate":
            server.view = replace(view, task_state="migrating")
        case "evacuate" if not server.is_evacuating:
            worker.nova.evacuate(view.uuid)
        case "reset" if not server.is_evacuating:
            server.records.append(migration(next_number(worker), view.uuid, "failed", dest=OTHER))


def next_number(worker: Worker) -> int:
    worker.nova.numbers += 1
    return worker.nova.numbers


def is_touched(worker: Worker, uuid: str) -> bool:
    """Whether we have a call under way: what another hand does meanwhile no look can tell from our own doing."""
    key = f"evacuate:{uuid}"
    record = worker.entry.steps.get(key)
    return key in worker.calls or (record is not None and record.state.is_open)


@examples(400)
@given(worlds, st.lists(moves, min_size=15, max_size=70))
def test_nothing_begins_that_must_not_whatever_happens(worker: Worker, script: list[Move]) -> None:
    play(worker, script)


@examples(100)
@given(worlds, st.lists(moves, max_size=25))
def test_once_the_trouble_is_over_a_recovery_comes_to_an_end(worker: Worker, script: list[Move]) -> None:
    play(worker, script)
    if worker.answer is not None and worker.answer.result in (Result.RECOVERED, Result.WITHDRAWN):
        return
    for _ in range(4):
        quieten(worker)
        if worker.answer is not None and worker.answer.result is Result.RECOVERED:
            return
    assert worker.answer is not None and worker.answer.kind is FactKind.HELD


def quieten(worker: Worker) -> None:
    """From here on Nova does what it is asked to, and nobody meddles."""
    worker.flag, worker.nova.power = None, PowerState.OFF
    worker.order_again()
    for _ in range(60):
        if worker.answer is not None:
            return
        for key in sorted(worker.calls):
            worker.reply(key, "accepted", 0)
        for uuid in worker.nova.servers:
            worker.nova.progress(uuid, "done")
        worker.nova.pass_time(2_000)
        worker.see(row=True, lists=True, row_after=True)
    raise AssertionError("it neither ends nor says why it cannot")
