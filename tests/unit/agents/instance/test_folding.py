"""What is said of a guest, by what is heard and seen of it: the faults that monitors of others had (32 to 46)."""

import pytest

from kasugai.agents.instance.folding import due, gone
from kasugai.agents.instance.values import OnEnd, Patience, State
from kasugai.core.words.guest_events import SEEN_BY_AGENTS
from kasugai.core.words.signals import Symptom
from kasugai.core.words.timing import MonoTime
from tests.support.guest_life import Life

DIED = "LIFECYCLE STOPPED_FAILED"
PANICKED = "LIFECYCLE STOPPED_CRASHED"


def test_a_qemu_that_was_killed_is_a_failure_said_once() -> None:
    life = Life().runs().lives("STOPPED_FAILED").wait(1_000).look(State.OFF, "CRASHED")
    life.wait(5_000).look(State.OFF, "CRASHED")
    assert life.told == [DIED]


def test_no_event_alone_says_anything() -> None:
    life = Life().runs().lives("STOPPED_FAILED", "STOPPED_CRASHED", "CRASHED_PANICKED")
    assert life.hear("WATCHDOG", "WATCHDOG_POWEROFF").told == []
    assert life.wait(1_000).look(State.RUNNING).told == [], "a late event contradicts what is so now"


def test_what_stands_is_repeated_until_the_guest_runs_again() -> None:
    life = Life().runs().lives("STOPPED_FAILED").look(State.OFF, "CRASHED")
    life.wait(29_999).look(State.OFF, "CRASHED").wait(1).look(State.OFF, "CRASHED")
    assert life.told == [DIED, f"again {DIED}"]
    assert life.runs().told[2:] == ["clear"] and life.standing is None


def test_a_second_death_is_a_second_failure_though_nobody_saw_the_life_between() -> None:
    life = Life().runs().lives("STOPPED_FAILED").look(State.OFF, "CRASHED")
    life.wait(9_000).lives("RESUMED_UNPAUSED", "STARTED_BOOTED", "STOPPED_FAILED").look(State.OFF, "CRASHED")
    assert life.told == [DIED, DIED]


def test_what_is_heard_between_the_first_breath_and_the_start_is_of_the_same_life() -> None:
    """libvirt tells RESUMED, then STARTED; what fails at once may come between them (seen on a busy machine)."""
    life = Life().lives("RESUMED_UNPAUSED").hear("IO_ERROR", "IO_ERROR_REPORT").lives("STARTED_BOOTED")
    assert life.wait(1_000).look(State.RUNNING).told == ["IO_ERROR IO_ERROR_REPORT"]
    life.lives("STOPPED_DESTROYED", "RESUMED_UNPAUSED").hear("WATCHDOG", "WATCHDOG_POWEROFF")
    life.lives("STARTED_BOOTED", "STOPPED_FAILED").wait(1_000).look(State.OFF, "CRASHED")
    assert life.said[-1].seen == f"{DIED}: its watchdog fired and switched it off"


def test_a_guest_that_goes_on_after_a_pause_lives_the_same_life() -> None:
    life = Life().runs().lives("SUSPENDED_IOERROR").look(State.PAUSED, "IOERROR")
    life.wait(60_000).look(State.PAUSED, "IOERROR").lives("RESUMED_UNPAUSED")
    assert life.look(State.PAUSED, "IOERROR").told == ["LIFECYCLE SUSPENDED_IOERROR"]


def test_a_start_that_nobody_heard_of_begins_a_new_life() -> None:
    life = Life().runs().look(State.OFF, "CRASHED").look(State.RUNNING).look(State.OFF, "CRASHED")
    assert life.told == [DIED, "clear", DIED]
    life = Life().runs().hear("WATCHDOG", "WATCHDOG_POWEROFF").look(State.OFF, "CRASHED")
    life.look(State.RUNNING).look(State.OFF, "CRASHED")
    assert life.said[-1].seen == f"{DIED}: its QEMU died", "its last life explains nothing of this one"


def test_who_has_ended_well_has_not_failed_when_the_daemon_forgets_why() -> None:
    life = Life().runs().lives("SHUTDOWN_GUEST", "STOPPED_SHUTDOWN").look(State.OFF, "SHUTDOWN")
    assert life.look(State.OFF, "UNKNOWN").look(State.OFF, "FAILED").told == []


def test_a_look_that_comes_too_soon_after_an_event_leaves_the_one_that_is_due() -> None:
    life = Life().runs().lives("SUSPENDED_PAUSED").wait(10).look(State.RUNNING)
    assert due(life.guest, life.patience) == life.now + 990
    assert due(life.wait(990).look(State.RUNNING).guest, life.patience) is None


@pytest.mark.parametrize("reason", ["SHUTDOWN", "DESTROYED", "MIGRATED", "SAVED", "FROM_SNAPSHOT"])
def test_who_is_off_by_somebodys_will_has_not_failed(reason: str) -> None:
    life = Life().runs().lives("SHUTDOWN_HOST", f"STOPPED_{reason}").wait(1_000).look(State.OFF, reason)
    assert (life.told, life.notes) == ([], [])


def test_a_hard_reboot_is_no_failure() -> None:
    life = Life().runs().lives("SHUTDOWN_HOST", "STOPPED_DESTROYED").look(State.OFF, "DESTROYED")
    assert life.runs().told == []


def test_a_reset_of_three_reboots_is_none() -> None:
    life = Life().runs().hear("REBOOT").hear("REBOOT").hear("REBOOT").wait(1_000).look(State.RUNNING)
    assert life.told == []


def test_a_watchdog_that_switches_off_is_one_failure_and_not_two() -> None:
    life = Life().runs().hear("WATCHDOG", "WATCHDOG_POWEROFF").wait(2_000).look(State.RUNNING)
    life.lives("STOPPED_FAILED").wait(1_000).look(State.OFF, "CRASHED")
    assert life.told == [DIED]
    assert life.said[0].seen == f"{DIED}: its watchdog fired and switched it off"


def test_a_watchdog_that_pauses_is_a_failure_once_it_has_stood_still() -> None:
    life = Life().runs().hear("WATCHDOG", "WATCHDOG_PAUSE").lives("SUSPENDED_WATCHDOG")
    life.wait(1_000).look(State.PAUSED, "WATCHDOG").wait(59_999).look(State.PAUSED, "WATCHDOG")
    assert life.told == [] and due(life.guest, life.patience) == life.now + 1
    assert life.wait(1).look(State.PAUSED, "WATCHDOG").told == ["LIFECYCLE SUSPENDED_WATCHDOG"]


def test_a_watchdog_that_dumps_is_waited_for_and_lets_the_guest_go_on() -> None:
    life = Life().runs().hear("WATCHDOG", "WATCHDOG_PAUSE").lives("SUSPENDED_WATCHDOG")
    life.wait(1_000).look(State.PAUSED, "WATCHDOG", busy=True)
    life.wait(900_000).look(State.PAUSED, "WATCHDOG", busy=True).wait(1_000).look(State.PAUSED, "WATCHDOG")
    assert life.told == [], "a job ends before anything counts"
    assert life.lives("RESUMED_UNPAUSED").wait(1_000).look(State.RUNNING).told == []


def test_a_watchdog_that_asks_the_guest_is_no_recovery() -> None:
    life = Life().runs().hear("WATCHDOG", "WATCHDOG_SHUTDOWN").wait(1_000).look(State.RUNNING)
    assert life.told == [] and due(life.guest, life.patience) is not None
    assert life.wait(120_000).look(State.RUNNING).told == ["WATCHDOG WATCHDOG_SHUTDOWN"]
    assert life.hear("REBOOT").wait(1_000).look(State.RUNNING).told[1:] == ["clear"]


def test_a_guest_that_obeys_its_watchdog_is_off_by_its_own_will() -> None:
    life = Life().runs().hear("WATCHDOG", "WATCHDOG_SHUTDOWN").lives("SHUTDOWN_GUEST", "STOPPED_SHUTDOWN")
    assert life.wait(200_000).look(State.OFF, "SHUTDOWN").told == []


@pytest.mark.parametrize("action", ["NONE", "RESET", "DEBUG", "INJECTNMI", "9"])
def test_a_watchdog_that_does_what_its_owner_chose_is_no_failure(action: str) -> None:
    life = Life().runs().hear("WATCHDOG", f"WATCHDOG_{action}").wait(999_000).look(State.RUNNING)
    assert life.told == []


def test_a_panic_that_ends_the_guest_is_a_failure_of_its_own_name() -> None:
    life = Life().runs().lives("CRASHED_PANICKED").wait(1_000).look(State.CRASHED, "PANICKED")
    assert life.told == [], "what on_crash asks for is under way"
    life.lives("STOPPED_CRASHED").wait(1_000).look(State.OFF, "CRASHED")
    assert life.told == [PANICKED]


def test_a_panic_that_nobody_deals_with_is_a_failure_in_the_end() -> None:
    life = Life().runs().lives("CRASHED_PANICKED").wait(1_000).look(State.PAUSED, "CRASHED")
    assert life.wait(60_000).look(State.PAUSED, "CRASHED").told == ["LIFECYCLE CRASHED_PANICKED"]
    life = Life().runs().look(State.CRASHED, "PANICKED").wait(60_000).look(State.CRASHED, "PANICKED")
    assert life.told == ["LIFECYCLE CRASHED_PANICKED"]


def test_a_panic_that_libvirt_mends_is_not_mended_twice() -> None:
    life = Life(on_crash=OnEnd.RESTART).runs().lives("SUSPENDED_PAUSED", "CRASHED_PANICKED")
    life.look(State.PAUSED, "CRASHED").hear("REBOOT").hear("REBOOT").lives("RESUMED_UNPAUSED")
    assert life.wait(1_000).look(State.RUNNING).wait(600_000).look(State.RUNNING).told == []


def test_a_panicked_guest_that_is_to_be_preserved_is_left_and_told_in_the_log() -> None:
    life = Life(on_crash=OnEnd.PRESERVE).runs().lives("CRASHED_PANICKED").look(State.CRASHED, "PANICKED")
    life.wait(600_000).look(State.CRASHED, "PANICKED")
    assert life.told == [] and len(life.notes) == 1 and "on_crash=preserve" in life.notes[0]


def test_a_reboot_that_libvirt_makes_an_end_of_is_told_in_the_log() -> None:
    life = Life(on_reboot=OnEnd.DESTROY).runs().lives("SHUTDOWN_GUEST", "STOPPED_SHUTDOWN")
    life.look(State.OFF, "SHUTDOWN")
    assert life.told == [] and "on_reboot=destroy" in life.notes[0]


def test_an_io_error_that_the_guest_is_told_of_stands_until_it_is_quiet() -> None:
    life = Life().runs()
    for _ in range(500):
        life.hear("IO_ERROR", "IO_ERROR_REPORT")
    life.wait(1_000).look(State.RUNNING).wait(30_000).look(State.RUNNING)
    assert life.told == ["IO_ERROR IO_ERROR_REPORT", "again IO_ERROR IO_ERROR_REPORT"]
    assert life.wait(30_000).look(State.RUNNING).told[2:] == ["clear"]


@pytest.mark.parametrize("action", ["NONE", "PAUSE"])
def test_an_io_error_that_the_guest_is_not_told_of_says_nothing_by_itself(action: str) -> None:
    assert Life().runs().hear("IO_ERROR", f"IO_ERROR_{action}").look(State.RUNNING).told == []


@pytest.mark.parametrize("reason", ["IOERROR", "API_ERROR"])
def test_who_stands_still_against_its_owners_wish_has_failed(reason: str) -> None:
    life = Life().runs().lives(f"SUSPENDED_{reason}").look(State.PAUSED, reason)
    assert life.wait(60_000).look(State.PAUSED, reason).told == [f"LIFECYCLE SUSPENDED_{reason}"]
    assert life.lives("RESUMED_UNPAUSED").look(State.RUNNING).told[1:] == ["clear"]


@pytest.mark.parametrize(
    "reason",
    ["USER", "MIGRATION", "SAVE", "DUMP", "SNAPSHOT", "POSTCOPY", "POSTCOPY_FAILED", "STARTING_UP", "99"],
)
def test_who_was_paused_for_a_purpose_has_not_failed(reason: str) -> None:
    life = Life().runs().look(State.PAUSED, reason).wait(9_000_000).look(State.PAUSED, reason)
    assert life.told == []


def test_a_migration_that_fails_and_one_that_does_not_sound_alike_at_first() -> None:
    failed = Life().runs().lives("SUSPENDED_MIGRATED").look(State.PAUSED, "MIGRATION", busy=True)
    assert failed.lives("RESUMED_MIGRATED").look(State.RUNNING).told == []
    left = Life().runs().lives("SUSPENDED_MIGRATED").look(State.PAUSED, "MIGRATION", busy=True)
    assert left.lives("STOPPED_MIGRATED").look(State.OFF, "MIGRATED").told == []


def test_a_guest_whose_arrival_fails_runs_elsewhere() -> None:
    life = Life().lives("STARTED_MIGRATED").look(State.PAUSED, "MIGRATION")
    life.lives("STOPPED_FAILED").wait(1_000).look(State.OFF, "FAILED")
    assert life.told == [] and "before it ran here" in life.notes[0]
    arriving = Life().lives("STARTED_MIGRATED").look(State.PAUSED, "MIGRATION").look(State.OFF, "CRASHED")
    assert arriving.told == []


def test_a_guest_that_has_arrived_and_dies_has_failed_here() -> None:
    life = Life().lives("STARTED_MIGRATED").look(State.PAUSED, "MIGRATION").lives("RESUMED_MIGRATED")
    assert life.lives("STOPPED_FAILED").look(State.OFF, "CRASHED").told == [DIED]


def test_a_guest_that_could_not_be_started_is_told_to_who_started_it() -> None:
    assert Life().look(State.OFF, "SHUTDOWN").look(State.OFF, "FAILED").told == []
    assert Life().runs().look(State.OFF, "FAILED").told == [DIED]


def test_memory_that_failed_below_a_guest_is_the_cause_of_its_end_and_no_end_by_itself() -> None:
    life = Life().runs().hear("MEMORY_FAILURE", "MEMORY_FAILURE_FATAL").wait(1_000).look(State.RUNNING)
    assert life.told == []
    life.lives("STOPPED_FAILED").look(State.OFF, "CRASHED")
    assert life.said[0].seen == f"{DIED}: the host's memory failed below it, and its QEMU died"


def test_what_ends_while_the_host_goes_stays_the_shutdowns() -> None:
    life = Life().runs().lives("STOPPED_FAILED").look(State.OFF, "CRASHED", going=True)
    assert life.wait(999_000).look(State.OFF, "CRASHED").told == [], "also when the shutdown was called off"
    assert life.runs().lives("STOPPED_FAILED").look(State.OFF, "CRASHED").told == [DIED]


def test_a_guest_that_ran_before_the_daemon_went_and_is_off_for_no_known_reason_has_failed() -> None:
    assert Life().runs().look(State.OFF, "UNKNOWN").told == [DIED]
    assert Life().look(State.OFF, "UNKNOWN").told == [], "of one that never ran here nothing is known"


def test_a_daemon_that_has_forgotten_why_makes_no_second_failure() -> None:
    life = Life().runs().lives("CRASHED_PANICKED", "STOPPED_CRASHED").look(State.OFF, "CRASHED")
    assert life.wait(30_000).look(State.OFF, "UNKNOWN").told == [PANICKED, f"again {PANICKED}"]


def test_what_the_first_look_finds_may_have_been_said_before() -> None:
    assert Life().look(State.OFF, "CRASHED", first=True).told == [f"again {DIED}"]
    assert Life().look(State.RUNNING, first=True).told == ["clear"]
    assert Life().look(State.OFF, "SHUTDOWN", first=True).told == ["clear"]


def test_a_failure_is_taken_back_when_the_guest_is_gone_or_ended_by_its_owner() -> None:
    life = Life().runs().look(State.OFF, "CRASHED")
    say = gone(life.guest)
    assert say is not None and say.symptom is Symptom.CLEAR
    assert gone(Life().runs().guest) is None
    assert life.look(State.OFF, "DESTROYED").told == [DIED, "clear"]


def test_events_of_the_agent_make_nobody_look() -> None:
    life = Life().runs()
    assert due(life.hear("AGENT_LIFECYCLE", "AGENT_DISCONNECTED").guest, life.patience) is None
    assert due(life.hear("CONTROL_ERROR").guest, life.patience) == MonoTime(life.now + 1_000)


def test_a_storm_of_events_does_not_put_the_look_off() -> None:
    life = Life().runs().lives("STOPPED_FAILED")
    first = due(life.guest, life.patience)
    for _ in range(50):
        life.wait(10).hear("IO_ERROR", "IO_ERROR_PAUSE").hear("STRANGE", str(life.now))
    assert due(life.guest, life.patience) == first
    assert len(life.guest.causes) <= 16


def test_nothing_is_concluded_from_what_an_operator_has_switched_off() -> None:
    patience = Patience(standstill=Patience().absent, hang=Patience().absent)
    life = Life(patience).runs().look(State.PAUSED, "WATCHDOG").wait(9_000_000).look(State.PAUSED, "WATCHDOG")
    life.look(State.RUNNING).hear("WATCHDOG", "WATCHDOG_SHUTDOWN").wait(9_000_000).look(State.RUNNING)
    assert life.told == []


@pytest.mark.parametrize("state", [State.ENDING, State.ASLEEP, State.UNCLEAR])
def test_a_state_that_proves_nothing_leaves_what_stood(state: State) -> None:
    life = Life().runs().look(State.OFF, "CRASHED").wait(1_000).look(state)
    assert life.told == [DIED] and life.standing is not None


def test_all_that_is_said_here_is_in_the_table_of_failures() -> None:
    lives = [
        Life().runs().look(State.OFF, "CRASHED"),
        Life().runs().lives("STOPPED_CRASHED").look(State.OFF, "CRASHED"),
        Life().runs().hear("IO_ERROR", "IO_ERROR_REPORT").look(State.RUNNING),
        Life().runs().hear("WATCHDOG", "WATCHDOG_SHUTDOWN").wait(120_000).look(State.RUNNING),
        Life().runs().look(State.CRASHED).wait(60_000).look(State.CRASHED),
        *(
            Life().runs().look(State.PAUSED, reason).wait(60_000).look(State.PAUSED, reason)
            for reason in ("IOERROR", "WATCHDOG", "API_ERROR")
        ),
    ]
    said = {tuple(told.split(" ")) for life in lives for told in life.told}
    assert said | {("QEMU_GUEST_AGENT_ERROR", "STOPPED_FAILED")} == SEEN_BY_AGENTS
