"""A watchdog's two sides: who is proven to be off is off, and an outage that is everybody's ends nobody."""

from collections.abc import Callable
from itertools import combinations

import pytest

from kasugai.agents.watchdog.rule import Rule
from kasugai.core.watching.lifelines import Lifelines
from kasugai.core.words.lifelines import AFTERGLOW, HEARD, LEASE, Lifeline, enough_of, neighbours_of
from kasugai.core.words.timing import BrokerTime, Millis
from tests.unit.core.dog_world import START, TIMEOUT, Machine, World

MINUTE = 60_000
SIX = tuple(f"cmp{n}" for n in range(6))
TWENTY = tuple(f"cmp{n:02}" for n in range(20))


def world(names: tuple[str, ...] = SIX, *, seed: int = 0, slowest: float = 20) -> World:
    return World(names, seed=seed, slowest=slowest).run(MINUTE)


def test_a_host_that_loses_power_is_proven_to_be_off_within_30_s_and_nobody_else() -> None:
    found = world()
    found.machines["cmp1"].ended = found.now
    found.run(MINUTE)
    assert set(found.proven) == {"cmp1"} and found.proven["cmp1"] - MINUTE <= 30_000
    assert len(found.running()) == 5


@pytest.mark.parametrize("what", ["cut", "away"])
def test_a_host_that_is_cut_off_ends_by_itself_and_is_proven_to_have(what: str) -> None:
    found = world()
    setattr(found.machines["cmp1"], what, True)
    found.run(MINUTE)
    assert set(found.proven) == {"cmp1"} and not found.wrong and "cmp1" not in found.running()
    assert found.proven["cmp1"] - MINUTE <= 30_000


def test_two_hosts_of_twenty_that_end_at_once_are_proven_both() -> None:
    found = world(TWENTY)
    for name in ("cmp04", "cmp05"):
        found.machines[name].ended = found.now
    assert set(found.run(MINUTE).proven) == {"cmp04", "cmp05"}


def test_an_outage_that_is_everybodys_ends_nobody_however_long_it_lasts_and_however_it_ends() -> None:
    found = world(TWENTY)
    found.kafka_is_away = True
    found.run(30 * MINUTE)
    assert len(found.running()) == 20 and not found.proven
    for n, machine in enumerate(found.machines.values()):
        machine.away = n > 0
        found.at(n * AFTERGLOW / 30, lambda m=machine: setattr(m, "away", False))  # type: ignore[misc]
    found.kafka_is_away = False
    found.run(2 * MINUTE)
    assert len(found.running()) == 20 and not found.proven
    found.machines["cmp01"].ended = found.now
    assert set(found.run(MINUTE).proven) == {"cmp01"}


@pytest.mark.parametrize("size", [2, 3, 5, 9, 10, 12])
def test_whatever_hosts_lose_kafka_together_fewer_than_half_of_all_end(size: int) -> None:
    """By count, of every set of hosts that see one another: whoever ends has too few of them among its neighbours."""
    names = tuple(f"h{n:02}" for n in range(size))
    around = {name: frozenset(neighbours_of(name, names)) for name in names}
    for many in range(1, size + 1):
        for gone in map(frozenset, combinations(names, many)):
            ends = [n for n in gone if len(around[n] & gone) < enough_of(len(around[n]))]
            assert len(ends) <= (1 if size < 9 else 2 * size // 5)


def test_a_rack_that_is_cut_off_as_a_whole_ends_nobody_and_nothing_is_proven() -> None:
    found = world(TWENTY)
    for name in TWENTY[4:12]:
        found.machines[name].away = True
    found.run(5 * MINUTE)
    assert len(found.running()) == 20 and not found.proven


def test_an_agent_that_stands_still_between_looking_and_petting_is_waited_for() -> None:
    found = World(SIX, slowest=20)
    found.machines["cmp1"].stall = TIMEOUT - 100
    found.run(MINUTE)
    found.machines["cmp1"].away = True
    found.run(18_000)
    assert "cmp1" in found.running()
    found.run(MINUTE)
    assert set(found.proven) == {"cmp1"} and not found.wrong


def _end(found: World, machine: Machine) -> None:
    machine.ended = found.now if found.chance.random() < 0.3 else machine.ended


def _lose_three(found: World, machine: Machine) -> None:
    for name in found.chance.sample(found.names, 3):
        found.machines[name].away = True


def _disarm(found: World, machine: Machine) -> None:
    if found.chance.random() < 0.3:
        found.disarm(machine.name)


def _step(found: World, machine: Machine) -> None:
    found.step = found.step or found.chance.randrange(900)


TROUBLES: tuple[Callable[[World, Machine], object], ...] = (
    lambda found, machine: setattr(machine, "away", not machine.away),
    lambda found, machine: setattr(machine, "cut", not machine.cut),
    lambda found, machine: setattr(found, "kafka_is_away", not found.kafka_is_away),
    lambda found, machine: found.restart(machine.name),
    _end,
    _disarm,
    _step,
    _lose_three,
)


@pytest.mark.parametrize("seed", range(30))
def test_who_is_proven_to_be_off_is_off_whatever_is_late_lost_or_stands_still(seed: int) -> None:
    found = World(SIX if seed % 2 else TWENTY[:9], seed=seed, slowest=(20, 800, 4_000)[seed % 3])
    chance = found.chance
    for machine in found.machines.values():
        machine.stalls = chance.random() < 0.3
    for _ in range(12):
        found.run(chance.uniform(1_000, 20_000))
        chance.choice(TROUBLES)(found, found.machines[chance.choice(found.names)])
        if chance.random() < 0.3:
            for each in found.machines.values():
                each.away = False
    found.kafka_is_away = False
    found.run(MINUTE)
    assert not found.wrong


def word(
    host: str = "cmp1", *, boot: str = "b1", uptime: int, armed: bool = True, **more: object
) -> Lifeline:
    return Lifeline(
        host=host,
        boot_id=boot,
        uptime=Millis(uptime),
        is_armed=armed,
        timeout=Millis(7_000),
        neighbours=("cmp2",) if host == "cmp1" else ("cmp1",),
        clean_since=Millis(0),
        acknowledged=Millis(uptime - 1_000),
        **more,  # type: ignore[arg-type]
    )


def log(
    seconds: int, *lives: str, lines: Lifelines | None = None, begins: int = 0, **more: object
) -> Lifelines:
    found = lines or Lifelines()
    for n in range(begins, begins + seconds):
        for host in lives:
            found.hear(word(host, uptime=100_000 + 1_000 * n, **more), at(n))  # type: ignore[arg-type]
    return found


def at(second: float) -> BrokerTime:
    return BrokerTime(START + int(1_000 * second))


def resets(lines: Lifelines, second: float, floor: float = -1) -> list[str]:
    return [line.last.host for line in lines.resets(at(second), at(floor))]


def test_proof_comes_a_lease_two_timeouts_and_a_margin_after_the_last_record_and_stands() -> None:
    lines = log(10, "cmp1", "cmp2")
    for n in range(10, 60):
        lines.hear(word("cmp2", uptime=100_000 + 1_000 * n), at(n))
        assert resets(lines, n + 0.5) == (["cmp1"] if n >= 9 + 25 else [])
    lines.hear(word("cmp1", uptime=200_000), at(60))
    assert resets(lines, 60.5) == []


def test_nothing_follows_where_the_watchdog_does_not_run_or_nobody_is_asked() -> None:
    for said in ({"armed": False}, {"enough": 1}):
        lines = log(10, "cmp1", "cmp2", **said)
        lines.hear(word("cmp1", uptime=300_000, **said), at(10))
        if "enough" in said:
            lines.lines["cmp1"].last = Lifeline(
                host="cmp1", boot_id="b1", uptime=Millis(1), is_armed=True, clean_since=Millis(0)
            )
        log(60, "cmp2", lines=lines, begins=10)
        assert resets(lines, 70) == []


def test_blind_is_not_silence_for_a_proof_either() -> None:
    lines = log(10, "cmp1", "cmp2")
    log(60, "cmp2", lines=lines, begins=10)
    assert resets(lines, 69.5, floor=50) == [] and resets(lines, 69.5, floor=40) == ["cmp1"]


def test_a_neighbour_of_whom_nothing_is_known_may_have_kept_it_running() -> None:
    lines = log(10, "cmp1", "cmp2")
    assert resets(lines, 60) == []
    lines = Lifelines()
    log(10, "cmp1", lines=lines)
    assert resets(lines, 60) == []


def test_a_neighbour_that_said_it_was_without_confirmation_delays_the_proof() -> None:
    lines = log(10, "cmp1", "cmp2")
    for n in range(10, 80):
        said = word("cmp2", uptime=100_000 + 1_000 * n)
        said = Lifeline(**{f: getattr(said, f) for f in said.__slots__} | {"clean_since": Millis(130_000)})
        lines.hear(said, at(n))
        assert bool(resets(lines, n + 0.5)) is (n >= 30 + 22)


def test_an_old_boots_records_said_again_prove_nothing_and_end_in_no_proof() -> None:
    lines = log(40, "cmp1", "cmp2")
    assert not lines.hear(word("cmp1", boot="b0", uptime=5_000), at(39.5))
    log(60, "cmp2", lines=lines, begins=40)
    assert resets(lines, 99.5) == []
    lines = log(40, "cmp1", "cmp2")
    assert not lines.hear(word("cmp1", uptime=101_000), at(40))
    log(60, "cmp2", lines=lines, begins=40)
    assert resets(lines, 99.5) == ["cmp1"]
    assert not lines.hear(word("cmp1", boot="b0", uptime=90_000), at(99.5))
    assert lines.hear(word("cmp1", boot="b2", uptime=20_000), at(100)) and resets(lines, 100) == []


def test_a_dispute_about_boots_is_over_when_the_present_one_was_heard_for_a_minute() -> None:
    lines = log(40, "cmp1", "cmp2")
    lines.hear(word("cmp1", boot="b0", uptime=5_000), at(39.5))
    log(70, "cmp1", "cmp2", lines=lines, begins=40)
    log(40, "cmp2", lines=lines, begins=110)
    assert resets(lines, 149.5) == ["cmp1"]


def rule() -> Rule:
    found = Rule(host="cmp1", boot_id="b1", began=Millis(0), timeout=Millis(7_000))
    found.word(Millis(1_000), ("cmp2", "cmp3"))
    return found


def test_nothing_is_petted_before_kafka_has_had_a_word_nor_does_such_an_agent_keep_others() -> None:
    found = rule()
    assert Rule(host="a", boot_id="b", began=Millis(7)).word(Millis(9), ()).clean_since == 7
    assert not found.may_pet(Millis(1_000)) and not found.says_so(Millis(1_000))
    found.has(Millis(1_000))
    assert found.may_pet(Millis(1_000 + LEASE)) and not found.may_pet(Millis(1_001 + LEASE))


def test_a_word_of_a_neighbour_counts_from_the_question_on_and_only_where_the_log_may_not_know_another_circle() -> (
    None
):
    found = rule()
    found.has(Millis(1_000))
    found.hear("cmp2", Millis(10_000))
    assert found.may_pet(Millis(10_000 + HEARD - 1)) and not found.may_pet(Millis(10_000 + HEARD))
    late = Rule(host="cmp1", boot_id="b1", began=Millis(0), timeout=Millis(7_000))
    late.word(Millis(1_000), ("cmp2",))
    late.has(Millis(1_000))
    late.word(Millis(2_000), ("cmp3",))
    late.hear("cmp2", Millis(10_000))
    assert not late.may_pet(Millis(10_000))
    late.hear("cmp3", Millis(10_000))
    assert late.may_pet(Millis(10_000))
    assert late.word(Millis(9_000), ("cmp4",)).neighbours == ("cmp3",)


def test_who_is_confirmed_again_says_so_for_a_while_and_its_records_tell_when_it_last_did() -> None:
    found = rule()
    found.has(Millis(1_000))
    assert not found.says_so(Millis(2_000)) and found.word(Millis(2_000), ()).clean_since == 0
    assert found.says_so(Millis(9_000))
    found.word(Millis(9_500), ())
    found.has(Millis(9_500))
    for second in range(38, 69):
        found.word(Millis(1_000 * second), ())
        found.has(Millis(1_000 * second))
    assert found.says_so(Millis(38_000 + AFTERGLOW)) and not found.says_so(Millis(38_001 + AFTERGLOW))
    assert found.word(Millis(69_000), ()).clean_since == 38_000 + AFTERGLOW
