"""The page about states says what the code does."""

import re

from kasugai.core.recovering.states import (
    TASK_STATES,
    VM_STATES,
    Do,
    During,
    Treatment,
)
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
    section = text[text.index("Every task_state") : text.index("## How many")]
    told = {
        task: SAYS[what.strip(), end.strip()]
        for tasks, what, end in TASKS.findall(section)
        for task in re.findall(r"[a-z_-]+", tasks)
    }
    assert told == TASK_STATES
