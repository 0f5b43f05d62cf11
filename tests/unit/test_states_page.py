"""The page about states says what the code does."""

import re

from kasugai.core.recovering.states import LEAVING_TASKS, VM_STATES, WISHES, Do, Treatment
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


def test_every_task_that_is_treated_is_on_the_page() -> None:
    text = (REPO / "docs" / "recovery.md").read_text()
    section = text[text.index("\ntask_states: ") :]
    assert {task for task in (*LEAVING_TASKS, *WISHES) if f"`{task}`" not in section} == set()
