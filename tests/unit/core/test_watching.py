"""What liveness concludes from beats, pulses and time: silence, blindness, old beats, doubt, leaving, isolation."""

import pytest

from kasugai.core.watching.host import Held
from kasugai.core.watching.isolation import Census
from kasugai.core.watching.partition import NOTHING, OBSERVER, Around, Partition, Said, since
from kasugai.core.watching.rules import MANY, Rules
from kasugai.core.watching.watch import Watch
from kasugai.core.words.heartbeats import Leave, Link
from kasugai.core.words.signals import Fault, Source, Symptom
from kasugai.core.words.timing import BrokerTime, Millis
from tests.unit.core.heartbeat_log import START, Log

WELL = (Link(network="management", asked=4, reached=4), Link(network="storage", asked=4, reached=4))
CUT = (Link(network="management", asked=4, reached=4), Link(network="storage", asked=4, reached=0))
STORAGE = ("storage",)


def words(faults: list[Fault]) -> list[tuple[str, str]]:
    """Return of whom what is said."""
    return [(fault.host, str(fault.symptom)) for fault in faults]


def test_a_host_that_beats_is_not_spoken_of() -> None:
    assert Log().pass_(120, "cmp1") == []


def test_a_silent_host_is_down_once_it_was_silent_for_longer_than_silence() -> None:
    log = Log()
    log.pass_(5, "cmp1")
    assert log.pass_(3) == []
    (fault,) = log.pass_(1)
    assert (fault.host, fault.symptom, fault.source, fault.observer) == (
        "cmp1",
        Symptom.DOWN,
        Source.HEARTBEAT,
        OBSERVER,
    )
    assert (fault.boot_id, fault.episode, fault.observed_at) == ("b1", str(START + 5_000), START + 9_000)
    assert not fault.asserted


def test_what_stands_is_said_again_every_30_s_under_its_id() -> None:
    log = Log()
    log.pass_(5, "cmp1")
    (first,) = log.pass_(4)
    again = log.pass_(60)
    assert [fault.event_id for fault in again] == [first.event_id] * 2
    assert [fault.observed_at - first.observed_at for fault in again] == [30_000, 60_000]


def test_a_host_that_beats_again_is_alive_once() -> None:
    log = Log()
    log.pass_(5, "cmp1")
    log.pass_(10)
    (alive, *more) = log.pass_(60, "cmp1")
    assert (alive.symptom, alive.boot_id, more) == (Symptom.ALIVE, "b1", [])


def test_each_silence_is_an_episode_of_its_own() -> None:
    log = Log()
    log.pass_(5, "cmp1")
    (first,) = log.pass_(4)
    log.pass_(5, "cmp1")
    (second,) = log.pass_(4)
    assert first.event_id != second.event_id


def test_a_host_that_never_beat_is_not_suspected() -> None:
    assert Log().pass_(300) == []


def test_a_pause_between_pulses_is_blindness_and_no_silence() -> None:
    log = Log()
    log.pass_(5, "cmp1")
    log.now += 60_000
    assert log.pulse() == []
    assert log.partition.blind == 60_000
    assert log.pass_(3) == []
    assert words(log.pass_(1)) == [("cmp1", "down")]


def test_a_pause_of_two_pulses_is_none() -> None:
    log = Log()
    log.pass_(5, "cmp1")
    log.now += 2_000
    assert log.pulse() == []
    assert log.partition.blind == 0
    assert words(log.pass_(2)) == [("cmp1", "down")]


def test_a_broker_clock_that_jumps_back_begins_anew() -> None:
    log = Log()
    log.pass_(5, "cmp1")
    log.now -= 60_000
    assert log.pulse() == []
    assert log.partition.blind == 0
    log.beat(uptime=90_000_000)
    assert log.pass_(3) == []
    assert words(log.pass_(1)) == [("cmp1", "down")]


def test_nothing_is_concluded_at_the_pulses_of_others_or_at_old_ones() -> None:
    log = Log()
    log.pass_(5, "cmp1")
    for _ in range(20):
        log.now += 1_000
        assert log.pulse(concludes=False) == []
    assert words(log.pass_(1)) == [("cmp1", "down")]


def test_a_beat_said_again_counts_for_nothing() -> None:
    log = Log()
    log.pass_(5, "cmp1")
    log.pass_(10)
    assert not log.beat(uptime=86_400_000 + 5_000)
    assert not log.beat(uptime=86_400_000 + 3_000)
    assert log.pass_(1) == []


def test_a_beat_of_a_former_boot_counts_for_nothing() -> None:
    log = Log()
    log.pass_(5, "cmp1", boot="b1")
    log.now += 3_000
    log.pass_(1, "cmp1", boot="b2", uptime=2_000)
    assert not log.beat(boot="b1", uptime=99_000_000)
    assert log.beat(boot="b2", uptime=3_000)


def test_a_boot_that_still_beats_is_followed_by_none() -> None:
    """Else one old beat of a boot that is forgotten here would silence the host that lives."""
    log = Log()
    log.pass_(5, "cmp1", boot="b1")
    log.now += 1_000
    assert not log.beat(boot="b0", uptime=500)
    assert log.beat(boot="b1", uptime=99_000_000)
    log.now += 2_400
    assert not log.beat(boot="b2", uptime=500)
    log.now += 100
    assert log.beat(boot="b2", uptime=600)


def test_a_boot_that_began_before_the_last_beat_is_an_old_one() -> None:
    log = Log()
    log.pass_(60, "cmp1", boot="b2")
    assert not log.beat(boot="b0", uptime=40_000_000)
    log.pass_(30)
    assert log.beat(boot="b3", uptime=20_000)


def test_a_broker_clock_that_went_back_makes_no_boot_an_old_one() -> None:
    log = Log()
    log.pass_(5, "cmp1")
    log.now -= 3_600_000
    assert log.beat(boot="b2", uptime=5_000)


def test_a_quick_reboot_is_told_by_its_boot_id() -> None:
    log = Log()
    log.pass_(5, "cmp1", boot="b1")
    log.now += 3_000
    log.beat(boot="b2", uptime=500)
    (alive,) = log.pulse()
    assert (alive.symptom, alive.boot_id) == (Symptom.ALIVE, "b2")
    assert log.pass_(1) == []


def test_an_agent_whose_loop_was_late_gets_more_patience() -> None:
    log = Log()
    log.pass_(5, "cmp1")
    log.beat(late=4_000, uptime=86_400_000 + 5_500)
    assert log.pass_(11) == []
    assert words(log.pass_(1)) == [("cmp1", "down")]


def test_a_late_loop_is_forgotten_after_a_minute_and_never_doubted_for_long() -> None:
    log = Log()
    log.pass_(5, "cmp1", late=500_000)
    assert log.pass_(30) == []
    assert words(log.pass_(1)) == [("cmp1", "down")]
    calm = Log()
    calm.pass_(5, "cmp1", late=4_000)
    calm.pass_(60, "cmp1")
    calm.pass_(3)
    assert words(calm.pass_(1)) == [("cmp1", "down")]


def test_a_host_that_beats_less_often_is_silent_after_two_of_its_beats() -> None:
    log = Log()
    log.pass_(1, "cmp1", every=5_000)
    assert log.pass_(10) == []
    assert words(log.pass_(1)) == [("cmp1", "down")]


def test_a_host_that_shuts_down_is_down_with_that_word() -> None:
    log = Log()
    log.pass_(5, "cmp1", leave=Leave.SHUTDOWN)
    (fault,) = log.pass_(4)
    assert (fault.symptom, fault.episode) == (Symptom.DOWN, f"{START + 5_000}-shutdown")
    assert since(fault.episode) == START + 5_000


def test_a_host_that_starts_anew_has_five_minutes() -> None:
    log = Log()
    log.pass_(5, "cmp1", leave=Leave.REBOOT)
    assert log.pass_(300) == []
    assert words(log.pass_(1)) == [("cmp1", "down")]
    log.now += 1_000
    log.beat(boot="b2", uptime=9_000)
    (alive,) = log.pulse()
    assert alive.boot_id == "b2"


def test_an_agent_that_ends_leaves_its_host_unwatched() -> None:
    log = Log()
    log.pass_(5, "cmp1", leave=Leave.AGENT)
    assert log.pass_(300) == []
    log.pass_(5, "cmp1")
    log.pass_(3)
    assert words(log.pass_(1)) == [("cmp1", "down")]


def test_a_host_is_forgotten_after_a_day() -> None:
    log = Log(Rules(forget=Millis(100_000)))
    log.pass_(5, "cmp1")
    assert len(log.pass_(100)) == 4
    assert log.pass_(60) == []
    assert log.partition.hosts == {}
    log.pass_(5, "cmp1")
    assert words(log.pass_(4)) == [("cmp1", "down")]


def test_no_more_hosts_are_watched_than_there_is_room_for() -> None:
    log = Log()
    for number in range(MANY):
        assert log.beat(f"cmp{number}")
    assert not log.beat("one-more")
    assert log.beat("cmp7", uptime=86_400_001)


def test_who_falls_silent_with_most_of_its_road_is_held_back_for_as_long_again() -> None:
    log = Log(around=Around(doubt=lambda: True))
    log.pass_(5, "cmp1")
    log.pass_(3)
    assert (log.pass_(1), log.last.doubted) == ([], 1)
    assert log.pass_(2) == []
    assert words(log.pass_(1)) == [("cmp1", "down")]


def two_roads() -> Watch:
    """Return a watch in which eight hosts of two partitions of one road, and three of another, have beaten."""
    watch = Watch(Rules())
    for number, road, hosts in ((0, "1", 4), (1, "1", 4), (2, "2", 3)):
        partition = watch.begin(number, road)
        watch.pulse(number, BrokerTime(START), concludes=True)
        for host in range(hosts):
            beat(watch, number, f"cmp{number}{host}", START)
        assert partition.is_live
    return watch


def beat(watch: Watch, number: int, host: str, at: int) -> None:
    """Let one host beat."""
    partition = watch.partitions[number]
    assert partition.hear(host, "b1", Millis(at), Millis(1_000), Millis(0), Leave.STAYS, (), BrokerTime(at))


@pytest.mark.parametrize(("silent", "said", "doubted"), [((4, 0), 4, 0), ((4, 1), 0, 4)])
def test_the_doubt_falls_on_a_road_of_which_more_than_half_fall_silent(
    silent: tuple[int, int], said: int, doubted: int
) -> None:
    watch, last = two_roads(), NOTHING
    for at in range(START + 1_000, START + 5_000, 1_000):
        for host in range(silent[1], 4):
            beat(watch, 1, f"cmp1{host}", at)
        for number in (1, 2):
            watch.pulse(number, BrokerTime(at), concludes=True)
        last = watch.pulse(0, BrokerTime(at), concludes=True)
    assert (len(last.said), last.doubted) == (said, doubted)


def test_few_hosts_make_no_crowd() -> None:
    watch, last = two_roads(), NOTHING
    watch.end(0)
    watch.end(7)
    for at in range(START + 1_000, START + 5_000, 1_000):
        for host in range(2):
            beat(watch, 2, f"cmp2{host}", at)
        last = watch.pulse(2, BrokerTime(at), concludes=True)
    assert (len(last.said), last.doubted) == (1, 0)
    assert watch.pulse(0, BrokerTime(at), concludes=True).said == ()


def isolated(
    rules: Rules, *, others: tuple[Link, ...] = WELL, seconds: int = 12
) -> tuple[Watch, list[Fault], tuple[str, ...]]:
    """Let one host of three lose its storage network, and return what is said and what is only told."""
    watch, said = Watch(rules), list[Fault]()
    told: tuple[str, ...] = ()
    watch.begin(0)
    watch.pulse(0, BrokerTime(START), concludes=True)
    for at in range(START + 1_000, START + 1_000 + seconds * 1_000, 1_000):
        for host, links in (("cmp1", CUT), ("cmp2", others), ("cmp3", others)):
            watch.partitions[0].hear(
                host, "b1", Millis(at), Millis(1_000), Millis(0), Leave.STAYS, links, BrokerTime(at)
            )
        last = watch.pulse(0, BrokerTime(at), concludes=True)
        said += [each.fault for each in last.said]
        told = last.isolated
    return watch, said, told


def test_an_isolated_host_is_told_and_held_against_nobody() -> None:
    _, said, told = isolated(Rules())
    assert (said, told) == ([], ("cmp1",))


def test_where_the_matrix_says_so_an_isolated_host_has_one_witness_against_it() -> None:
    _, said, told = isolated(Rules(witness=STORAGE), seconds=45)
    assert words(said) == [("cmp1", "down")] * 2
    assert {fault.episode for fault in said} == {f"{START + 1_000}-{Held.ISOLATED}"}
    assert {fault.source for fault in said} == {Source.HEARTBEAT}
    assert told == ()


def test_a_host_that_lost_two_networks_is_another_case_of_the_matrix() -> None:
    _, said, told = isolated(Rules(witness=("storage+tenant",)))
    assert (said, told) == ([], ("cmp1",))


def test_a_network_that_is_down_for_most_isolates_nobody() -> None:
    _, said, told = isolated(Rules(witness=STORAGE), others=CUT)
    assert (said, told) == ([], ())


def test_a_short_loss_isolates_nobody() -> None:
    _, said, told = isolated(Rules(witness=STORAGE), seconds=10)
    assert (said, told) == ([], ())


def go_on(watch: Watch, links: tuple[Link, ...], seconds: int) -> list[Fault]:
    """Let all of `isolated` beat on, the first with these links (none: not at all)."""
    said = []
    begin = watch.partitions[0].pulsed_at + 1_000
    for at in range(begin, begin + seconds * 1_000, 1_000):
        for host, seen in (("cmp1", links), ("cmp2", WELL), ("cmp3", WELL)):
            if seen:
                watch.partitions[0].hear(
                    host, "b1", Millis(at), Millis(1_000), Millis(0), Leave.STAYS, seen, BrokerTime(at)
                )
        said += [each.fault for each in watch.pulse(0, BrokerTime(at), concludes=True).said]
    return said


def test_an_isolation_that_ends_is_taken_back() -> None:
    watch, _, _ = isolated(Rules(witness=STORAGE))
    assert words(go_on(watch, WELL, 40)) == [("cmp1", "clear")]


def test_an_isolated_host_that_falls_silent_is_down_by_its_silence() -> None:
    watch, (first,), _ = isolated(Rules(witness=STORAGE))
    (second,) = go_on(watch, (), 5)
    assert second.symptom is Symptom.DOWN
    assert second.event_id != first.event_id
    back = go_on(watch, CUT, 2)
    assert words(back) == [("cmp1", "alive"), ("cmp1", "down")]


def test_an_isolation_stands_while_a_slow_agent_pauses() -> None:
    watch, _, _ = isolated(Rules(witness=STORAGE))
    host = watch.partitions[0].hosts["cmp1"]
    host.late, host.late_at = Millis(10_000), host.at
    assert go_on(watch, (), 8) == []


def test_a_network_on_which_one_peer_was_asked_counts_for_nobody() -> None:
    census = Census()
    census.count((Link(network="storage", asked=1, reached=1),))
    assert census.working(frozenset({"storage"})) == frozenset()


def test_a_peer_that_was_asked_alone_isolates_nobody() -> None:
    alone = (Link(network="storage", asked=1, reached=0),)
    log = Log(Rules(witness=STORAGE))
    assert log.pass_(30, "cmp1", links=alone) == []


def test_who_takes_over_gives_everybody_a_whole_silence() -> None:
    log = Log()
    log.pass_(5, "cmp1")
    log.pass_(2)
    after = log.successor()
    after.partition.hosts = log.partition.hosts
    assert after.pass_(3) == []
    assert words(after.pass_(1)) == [("cmp1", "down")]


def test_who_takes_over_repeats_what_stands_under_its_id() -> None:
    log = Log()
    log.pass_(5, "cmp1")
    (first,) = log.pass_(4)
    again = log.successor().pass_(30)
    assert [(fault.event_id, fault.boot_id) for fault in again] == [(first.event_id, "b1")]


def test_who_takes_over_knows_the_uptime_of_the_dead() -> None:
    log = Log()
    log.pass_(5, "cmp1")
    log.pass_(4)
    after = log.successor()
    assert not after.beat(uptime=86_400_000 + 5_000)
    assert after.pass_(5) == []


def test_who_takes_over_says_alive_of_who_came_back_meanwhile() -> None:
    log = Log()
    log.pass_(5, "cmp1")
    log.pass_(4)
    after = log.successor()
    assert words(after.pass_(5, "cmp1")) == [("cmp1", "alive")]


def test_beats_of_the_dead_that_were_said_again_before_a_takeover_count_for_nothing_after_it() -> None:
    log = Log()
    log.pass_(5, "cmp1", boot="b1")
    log.now += 3_000
    assert log.beat(boot="b2", uptime=500)
    log.pulse()
    log.pass_(4)
    after = Log(now=log.now - 2_000)
    after.partition = Partition(Rules())
    (down,) = log.said[-1:]
    after.partition.stand(down, BrokerTime(log.now))
    assert down.former == ("b1",)
    assert not after.beat(boot="b2", uptime=500), "it was said again"
    assert not after.beat(boot="b1", uptime=500), "of a former boot"
    after.now -= 6_000
    assert not after.beat(boot="b0", uptime=500), "older than its last one"
    after.now += 9_000
    after.pulse()
    assert after.pass_(3) == []
    after.now += 1_000
    assert after.beat(boot="b2", uptime=20_000)
    assert words(after.pulse()) == [("cmp1", "alive")]


def test_who_takes_over_takes_an_isolation_back() -> None:
    _, (down,), _ = isolated(Rules(witness=STORAGE))
    log = Log(Rules(witness=STORAGE))
    log.partition.stand(Said(fault=down, uptime=Millis(0)), BrokerTime(log.now))
    log.beat(links=WELL)
    assert words(log.pass_(2, "cmp1", links=WELL)) == [("cmp1", "clear")]


def test_who_takes_over_knows_the_boots_that_are_over_of_who_beats() -> None:
    log = Log()
    log.pass_(5, "cmp1", boot="b1")
    log.now += 3_000
    log.beat(boot="b2", uptime=500)
    (alive,) = log.pulse()
    assert alive.symptom is Symptom.ALIVE
    after = log.successor()
    assert not after.beat(boot="b1", uptime=99_000_000), "of a former boot"
    assert after.beat(boot="b2", uptime=1_000)
    after.now += 3_000
    assert not after.beat(boot="b1", uptime=1_500), "of a former boot"


def test_what_was_said_to_be_silent_need_not_be_read_again_and_the_last_beat_of_each_other_must() -> None:
    log = Log()
    log.pass_(5, "cmp1", "cmp2")
    log.pass_(2, "cmp2")
    assert log.last.since == START + 5_000
    log.pass_(2, "cmp2")
    assert log.last.since == START + 9_000
    assert log.pass_(1) == []
    assert log.last.since == START + 9_000


def test_the_last_beat_of_a_host_that_starts_anew_or_is_unwatched_must_be_read_again_for_a_minute() -> None:
    for leave in (Leave.REBOOT, Leave.AGENT):
        log = Log()
        log.pass_(5, "cmp1", leave=leave)
        log.pass_(60, "cmp2")
        assert log.last.since == START + 5_000
        log.pass_(1, "cmp2")
        assert log.last.since == START + 66_000


def test_a_lateness_must_be_read_again_while_it_is_doubted() -> None:
    log = Log()
    log.pass_(1, "cmp1", late=4_000)
    log.pass_(59, "cmp1")
    assert log.last.since == START + 1_000
    log.pass_(1, "cmp1")
    assert log.last.since == START + 61_000


def test_a_former_boot_must_be_read_again_until_it_is_said_that_it_is_over() -> None:
    log = Log(around=Around(doubt=lambda: True))
    log.pass_(5, "cmp1", boot="b1")
    log.now += 3_000
    log.beat(boot="b2", uptime=500)
    for _ in range(5):
        log.now += 1_000
        assert log.pulse(concludes=log.now == START + 13_000) == []
    assert (log.last.doubted, log.partition.hosts["cmp1"].has_booted) == (1, True)
    assert log.last.since == log.now - Rules().memory


def test_what_a_predecessor_took_back_does_not_stand() -> None:
    log = Log()
    log.pass_(5, "cmp1")
    log.pass_(4)
    log.pass_(1, "cmp1")
    after = log.successor()
    assert after.partition.hosts == {}


@pytest.mark.parametrize("episode", ["", "first", "-5", "٣"])
def test_a_strange_episode_has_no_time(episode: str) -> None:
    assert since(episode) == 0


def test_a_pulse_of_a_partition_that_is_not_ours_says_nothing() -> None:
    assert Watch(Rules()).pulse(3, BrokerTime(START), concludes=True).said == ()


@pytest.mark.parametrize(
    ("rules", "problems"),
    [
        (Rules(), 0),
        (Rules(silence=Millis(1_500)), 1),
        (Rules(repeat=Millis(60_000)), 1),
    ],
)
def test_rules_that_do_not_fit_are_named(rules: Rules, problems: int) -> None:
    assert len(rules.problems()) == problems
