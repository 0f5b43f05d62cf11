"""Whatever Nova, the wire, the guest's user and the owners do: a restart never begins what it must not, and it ends."""

from hypothesis import given
from hypothesis import strategies as st

from kasugai.core.recovering.ledger import Flag
from kasugai.core.recovering.nova_views import By
from kasugai.core.recovering.wishes import Wish
from kasugai.core.words.facts import FactKind, Result
from kasugai.core.words.timing import TEST, BrokerTime
from tests.unit.core.guest_world import HOST, USERS, Worker, failed_guest
from tests.unit.core.scripts import examples

Move = tuple[str, str, int]

ON_THE_WIRE = TEST.client + TEST.wire
PAUSES = [TEST.look_interval, TEST.look_interval, 1_000, 2_500, TEST.settle, TEST.landing + 1]
FATES = ["answered", "answered", "answered", "unheard", "away", "lost", "late", "late", "late"]
THERE = ["down there", "up there", "recovering there", "recovered there"]
HANDS = [*USERS, "sync", "delete", "down", "up", *THERE, "stop flag", "go flag"]

looks = st.tuples(st.just("look"), st.sampled_from(["", "torn"]), st.sampled_from(PAUSES))
plain = st.tuples(st.just("look"), st.just(""), st.just(TEST.look_interval))
replies = st.tuples(st.just("reply"), st.sampled_from(FATES), st.integers(0, TEST.wire))
words = st.tuples(st.just("nova"), st.sampled_from(["well", "well", "well", "ill"]), st.just(0))
hands = st.tuples(st.just("hand"), st.sampled_from(HANDS), st.just(0))
rests = st.tuples(st.sampled_from(["die", "order"]), st.just(""), st.integers(0, ON_THE_WIRE))
moves: st.SearchStrategy[Move] = st.one_of(looks, plain, plain, replies, replies, words, words, hands, rests)
worlds = st.builds(
    failed_guest,
    st.sampled_from(["active", "active", "stopped", "error"]),
    relocates=st.booleans(),
    known=st.booleans(),
)

relocated = st.builds(
    failed_guest, st.sampled_from(["active", "error"]), relocates=st.just(True), known=st.booleans()
)


def begun(worker: Worker) -> Worker:
    """Let it come to its first call."""
    worker.see()
    return worker


def moving(worker: Worker) -> Worker:
    """Let all go well until it is being moved, where it is to be."""
    worker.see()
    while worker.answer is None and not any(key.startswith("migrate") for key in worker.calls):
        worker.reply("answered", 0)
        worker.nova.progress(well=True)
        worker.nova.pass_time(TEST.look_interval)
        worker.see()
    return worker


def play(worker: Worker, script: list[Move]) -> Worker:
    for what, how, number in script:
        match what:
            case "look":
                worker.nova.pass_time(number)
                worker.see(torn=how)
            case "reply":
                worker.reply(how, number)
            case "nova":
                worker.nova.progress(well=how == "well")
            case "hand":
                meddle(worker, how)
            case "die":
                worker.nova.pass_time(1)
                worker.die(number)
            case _:
                worker.order_again()
    return worker


def meddle(worker: Worker, how: str) -> None:
    """Let the user, Nova itself, the host or an operator do something. What happens between a look and a call is a race
    that no look can win, so that a look follows."""
    nova = worker.nova
    match how:
        case "down" | "up":
            nova.is_up = how == "up"
        case "down there" | "up there":
            nova.is_up_there = how == "up there"
        case "recovering there" | "recovered there":
            nova.recovers_there = how == "recovering there"
        case "stop flag" | "go flag":
            offset = worker.flag.offset + 1 if worker.flag else 0
            worker.flag = Flag(said_at=BrokerTime(0), offset=offset, stop=how == "stop flag")
        case "delete":
            nova.view = None
        case "sync":
            nova.ask("stop", By.NOVA)
        case _:
            nova.ask(how, By.OTHERS)
    worker.wants_actions = True
    worker.see()


scripts = st.lists(moves, min_size=10, max_size=60)


@examples(500)
@given(st.one_of(worlds, worlds.map(begun), worlds.map(begun), relocated.map(moving)), scripts)
def test_nothing_begins_that_must_not_whatever_happens(worker: Worker, script: list[Move]) -> None:
    play(worker, script)


@examples(200)
@given(st.one_of(worlds, worlds.map(begun)), st.lists(moves, max_size=25))
def test_once_the_trouble_is_over_a_restart_comes_to_an_end(worker: Worker, script: list[Move]) -> None:
    play(worker, script)
    nova = worker.nova
    for _ in range(4):
        if worker.answer is not None and worker.answer.result in (Result.RECOVERED, Result.WITHDRAWN):
            break
        quieten(worker)
    assert worker.answer is not None
    if nova.view is None or nova.wish is Wish.OFF or nova.view.host != HOST:
        return
    assert worker.answer.result is not None or worker.answer.kind is FactKind.HELD


def quieten(worker: Worker) -> None:
    """From here on Nova does what it is asked to, and nobody meddles."""
    nova = worker.nova
    worker.flag, nova.is_up, nova.is_up_there, nova.recovers_there = None, True, True, False
    worker.order_again()
    for _ in range(80):
        if worker.answer is not None:
            return
        worker.reply("answered", 0)
        worker.nova.progress(well=True)
        worker.nova.pass_time(2_000)
        worker.see()
    raise AssertionError("it neither ends nor says why it cannot")
