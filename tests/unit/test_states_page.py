"""The page about states says what the code does."""

import re

from kasugai.core.recovering.states import (
    NOT_RESTARTED,
    RESTARTED,
    TASK_STATES,
    VM_STATES,
    Do,
    During,
    Treatment,
)
from kasugai.core.recovering.wishes import DOINGS, WISHES, Wish
from kasugai.core.words.guest_events import FAILURES, is_failure
from kasugai.core.words.plan import Prior
from tests.support.sources import REPO

ROW = re.compile(r"^\| `([a-z_-]+)` \| ([a-z-]+)(?:: `([a-z-]+)`)? \| (.*) \|$", re.MULTILINE)


def ends(end: str) -> Prior | None:
    return None if "power_state" in end else Prior(end)


def test_every_state_of_the_page_is_treated_as_it_says() -> None:
    text = (REPO / "docs" / "recovery.md").read_text()
    section = text[text.index("## States") : text.index("*error-first*")]
    told = {
        state: Treatment(do=Do(what), why=why, prior=None if what == Do.LEAVE else ends(end))
        for state, what, why, end in ROW.findall(section)
    }
    assert told == VM_STATES


TASKS = re.compile(r"^\| ((?:`[a-z_-]+`(?:, )?)+) \| ([a-z -]+)[^|]*\| ([a-z ]+)[^|]*\|$", re.MULTILINE)
SAYS = {
    ("leave", "as it was"): During.LEAVES,
    ("held", "as its operator decides"): During.MOVES,
    ("awaited", "as its vm"): During.REBUILDS,
    ("as its vm", "stopped"): During.STOPS,
    ("as its vm", "active"): During.STARTS,
    ("as its vm", "as its vm"): During.DIED,
}


def test_every_task_of_the_page_says_what_the_code_takes_it_for() -> None:
    text = (REPO / "docs" / "recovery.md").read_text()
    section = text[text.index("Every task_state") : text.index("## Guests that fail")]
    told = {
        task: SAYS[what.strip(), end.strip()]
        for tasks, what, end in TASKS.findall(section)
        for task in re.findall(r"[a-z_-]+", tasks)
    }
    assert told == TASK_STATES


def test_the_page_has_every_event_that_is_a_failure_and_no_other() -> None:
    text = (REPO / "docs" / "recovery.md").read_text()
    section = text[text.index("### Which events are failures") :]
    told = re.findall(r"^\| `([A-Z_]+)` \| `([A-Z_]+)` \|", section, re.MULTILINE)
    assert set(told) == FAILURES and all(is_failure(*each) for each in told)
    assert not is_failure("LIFECYCLE", "STOPPED_SHUTDOWN")


LEFT = re.compile(r"^\| ((?:`[a-z_-]+`(?:, )?)+) \| (.*) \|$", re.MULTILINE)


def test_every_state_of_the_page_is_restarted_or_left_as_it_says() -> None:
    text = (REPO / "docs" / "recovery.md").read_text()
    section = text[text.index("### Who is restarted") : text.index("### Whose wish")]
    told = {
        state: what for states, what in LEFT.findall(section) for state in re.findall(r"[a-z_-]+", states)
    }
    assert set(told) == {*RESTARTED, *NOT_RESTARTED}
    for state, why in NOT_RESTARTED.items():
        assert told[state].endswith(why.partition(": ")[2] or why), state
    assert all("start" in told[state] for state in RESTARTED)


def test_every_state_that_is_left_is_a_guest_of_the_story() -> None:
    story = (REPO / "tests" / "scenarios" / "guests-in-all-states-are-reported.scenario").read_text()
    assert set(re.findall(r"^  guest \w+ +(\S+)", story, re.MULTILINE)) >= set(NOT_RESTARTED)


def test_every_wish_of_the_page_is_the_table_s() -> None:
    text = (REPO / "docs" / "recovery.md").read_text()
    section = text[text.index("### Whose wish") : text.index("### A lost answer")]
    runs, off, nothing = next(
        [set(re.findall(r"`([A-Za-z_-]+)`", cell)) for cell in line.strip("|").split(" | ")]
        for line in section.splitlines()
        if "`create`" in line
    )
    assert runs == {action for action, wish in WISHES.items() if wish is Wish.RUNS}
    assert off == {action for action, wish in WISHES.items() if wish is Wish.OFF}
    assert not nothing & set(WISHES)
    doing = set(
        re.findall(r"`([A-Za-z_-]+)`", section[section.index("(`stop`,") : section.index("a snapshot")])
    )
    assert doing <= DOINGS
