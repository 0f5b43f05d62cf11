"""Which hosts are out of service by a recovery's doing, over whole stories and in any order of their records."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from uuid import UUID

import pytest

from kasugai.api.projection.outs import out_by
from kasugai.api.view_store import ViewStore
from kasugai.api.views import IncidentView, StepView
from kasugai.core.telling.explain import Decided
from kasugai.core.telling.incident_views import Seen
from kasugai.core.words.actions import Action
from kasugai.core.words.facts import StepState
from kasugai.core.words.incident import Phase
from kasugai.core.words.subject import host_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb
from tests.support.incidents import decided
from tests.support.projections import came_from, projected
from tests.support.stories import records_of


def shown(records: Sequence[Seen]) -> str:
    views = ViewStore(projected(came_from(records))).hosts_out()
    return " ".join(sorted(f"{view.host}:{view.process}" for view in views))


def over_time(story: str) -> list[str]:
    """What was shown one after another, as the story's records came; at first nothing is."""
    records = sorted(records_of(story), key=lambda record: record.at)
    told = ["", *(shown(records[: end + 1]) for end in range(len(records)))]
    return [after for before, after in pairwise(told) if before != after]


SHUT = "cmp1:nova-compute"


@pytest.mark.parametrize(
    ("story", "lines"),
    [
        ("nova-compute-stops-and-is-back", [SHUT, ""]),
        ("an-operator-enables-the-host-behind-us", [SHUT, ""]),
        ("nova-compute-fails-on-a-disabled-host", []),
        ("a-process-that-is-noted", []),
        ("a-guest-crashes", []),
        ("readmitted-after-probation", ["cmp1:", "", "cmp1:"]),
        ("a-host-that-came-back-makes-no-storm", ["cmp1:", "", "cmp2:"]),
        ("a-process-without-which-the-host-is-useless", ["cmp1:"]),
        ("back-by-its-power-device", ["cmp1:", ""]),
        ("back-is-switched-on-and-stays-away", ["cmp1:", ""]),
        ("back-and-fails-before-it-is-back", ["cmp1:", ""]),
        ("never-back-and-given-up", ["cmp1:"]),
    ],
)
def test_a_host_is_out_from_the_first_word_to_nova_until_it_is_let_in_again(
    story: str, lines: list[str]
) -> None:
    assert over_time(story) == lines


@pytest.mark.parametrize("story", ["nova-compute-stops-and-is-back", "a-host-that-came-back-makes-no-storm"])
def test_the_order_in_which_records_are_read_is_no_matter(story: str) -> None:
    records = list(records_of(story))
    assert shown(records) == shown(records[::-1])


def case(
    incident: UUID, opened_at: int, closed_at: int | None, phase: Phase, *steps: StepView
) -> IncidentView:
    """An incident of cmp1."""
    return IncidentView(
        incident=str(incident),
        kind="host",
        subject="host/cmp1",
        host="cmp1",
        detail="",
        host_uuid="uuid-cmp1",
        segment="s1",
        phase=phase,
        why="",
        opened_at=opened_at,
        closed_at=closed_at,
        updated_at=closed_at or opened_at,
        is_open=closed_at is None,
        steps=steps,
    )


def step(action: Action, state: StepState) -> StepView:
    return StepView(step=f"{action}:cmp1", action=action, subject="cmp1", name="cmp1", state=state, tries=1)


LOST, BACK = UUID(int=1), UUID(int=2)
RECOVERY = case(LOST, 1_000, 9_000, Phase.RECOVERED, step(Action.FORCE_DOWN, StepState.DONE))
REENABLED, NOT_REENABLED, UNTRIED = (
    step(Action.REENABLE, state) for state in (StepState.DONE, StepState.FAILED, StepState.ABSOLVED)
)


@pytest.mark.parametrize(
    ("then", "is_out"),
    [
        pytest.param(case(BACK, 9_500, None, Phase.RECOVERING, UNTRIED), True, id="not yet enabled"),
        pytest.param(case(BACK, 9_500, 20_000, Phase.RECOVERED, REENABLED), False, id="enabled"),
        pytest.param(case(BACK, 8_900, 20_000, Phase.RECOVERED, REENABLED), False, id="by the older word"),
        pytest.param(case(BACK, 9_500, 20_000, Phase.FAILED, NOT_REENABLED), True, id="failed"),
        pytest.param(case(BACK, 9_500, 20_000, Phase.WITHDRAWN), True, id="withdrawn before its plan"),
        pytest.param(
            case(BACK, 9_500, 20_000, Phase.RECOVERED, step(Action.RETIRE, StepState.DONE)),
            True,
            id="given up",
        ),
        pytest.param(
            case(BACK, 20_500, 30_000, Phase.RECOVERED, step(Action.FORCE_DOWN, StepState.DONE)),
            True,
            id="lost again",
        ),
    ],
)
def test_a_host_is_let_in_again_by_a_return_that_has_enabled_it_and_by_no_other(
    then: IncidentView, is_out: bool
) -> None:
    words = [
        Decided(BrokerTime(at), offset, replace(decided(Verb.CLOSE, Reason.RECOVERED, of), segment="s1"))
        for offset, (at, of) in enumerate(((9_000, LOST), (20_000, BACK)))
    ]
    cases = {each.incident: each for each in (RECOVERY, then)}
    assert (out_by(host_subject("cmp1"), words, cases) is not None) is is_out
