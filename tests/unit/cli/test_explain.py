"""`kasugai explain`: the reason with its sentence and the evidence; plain when piped, the API's keys in JSON."""

from dataclasses import replace
from uuid import UUID

import pytest

from kasugai.api.own import shown as own
from kasugai.api.projection.subjects import verdicts_of
from kasugai.cli.exits import SaidNo
from kasugai.cli.explain import Read, choose, standing
from kasugai.cli.explain_text import as_json, page, standing_json, standing_lines
from kasugai.cli.tables import Painted
from kasugai.core.telling.explain import Decided, Planned
from kasugai.core.telling.incident_views import Seen
from kasugai.core.words.actions import Action
from kasugai.core.words.disks import DiskClass
from kasugai.core.words.facts import FactKind
from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.plan import DISKS, Plan, Step
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb
from tests.support.incidents import INCIDENT, OPENED, SEGMENT, START, decided, said
from tests.support.printed import printed
from tests.support.projections import UUID_1, naming, posted
from tests.support.smaller import GUEST, RESTART
from tests.support.smaller import UUID as UUID_OF_WEB

HELD = replace(
    naming(decided(Verb.HOLD, Reason.DISARMED, None, detail="by ann"), posted()), also=(Reason.MAINTENANCE,)
)
TOLD = [
    Decided(BrokerTime(START), 0, HELD),
    Decided(BrokerTime(START + 1000), 1, replace(naming(OPENED, posted()), count=70)),
]


def test_each_verdict_says_why_and_on_what_evidence() -> None:
    assert printed(page(TOLD, "cmp1")).splitlines() == [
        "2026-11-18T11:06:40.000Z  hold cmp1 (disarmed)",
        "  because   The segment may not act: its description in the inventory says so.",
        "  also      maintenance: An operator set the host aside.",
        "  namely    by ann",
        f"  evidence  api says down (episode {UUID_1})",
        "",
        "2026-11-18T11:06:40.000Z  open cmp1 (confirmed)",
        "  because   Enough witnesses for long enough.",
        "  incident  7f3ca1b2",
        f"  evidence  api says down (episode {UUID_1})",
        "  evidence  69 more in other parts of this verdict",
    ]


def test_a_verdict_without_evidence_says_so() -> None:
    assert printed(page([Decided(BrokerTime(START), 0, OPENED)], "cmp1")).endswith(
        "  evidence  1 more in other parts of this verdict"
    )
    assert printed(page([Decided(BrokerTime(START), 0, replace(OPENED, count=0))], "cmp1")).endswith(
        "  evidence  none stands"
    )


def test_colours_are_for_terminals_only() -> None:
    assert sum(isinstance(part, Painted) for line in page(TOLD, "cmp1") for part in line) == 2


def test_json_is_what_the_api_answers() -> None:
    assert [as_json(each, "cmp1") for each in TOLD] == [own.verdict(view) for view in verdicts_of(TOLD)]


def test_what_nothing_was_decided_about_is_a_no_that_says_what_there_is() -> None:
    assert choose(TOLD, [], "cmp1") == TOLD
    with pytest.raises(
        SaidNo,
        match=r"decided about cmp2 \(but about host/cmp1\), and no host is called so: kasugai incident",
    ):
        choose(TOLD, [], "cmp2")
    with pytest.raises(SaidNo, match=r"nothing was decided about cmp2, and no host is called so: kasugai"):
        choose([], [], "cmp2")


WEB, DB, LEFT = (f"00000000-0000-4000-8000-00000000000{n}" for n in range(3))
PLAN = Plan(
    incident=INCIDENT,
    attempt=1,
    epoch=1,
    host="cmp1",
    window=8,
    steps=tuple(
        Step(action=Action.EVACUATE, subject=uuid, name=name, params=FrozenMap({DISKS: str(disks)}))
        for uuid, name, disks in ((WEB, "web", DiskClass.VOLUME), (DB, "db", DiskClass.UNKNOWN))
    ),
    excluded=((LEFT, "local-disk"),),
)
PLANNED = Planned(BrokerTime(START + 2000), 0, said(FactKind.PLAN, plan=PLAN), PLAN)


def test_a_plan_tells_what_is_done_with_each_guest_and_on_what_its_data_lies() -> None:
    told = choose(TOLD, [PLANNED, PLANNED], "cmp1")
    assert told == [*TOLD, PLANNED]
    assert printed(page(told, "cmp1")).split("\n\n")[-1].splitlines() == [
        "2026-11-18T11:06:42.000Z  plan cmp1: 2 guests, 1 left where they are, "
        "1 on disks that nobody has described (root-disks)",
        "  incident  7f3ca1b2 (attempt 1)",
        f"  {'web':<36}  evacuate  disks volume",
        f"  {'db':<36}  evacuate  disks unknown",
        f"  {LEFT}  left      local-disk",
    ]


@pytest.mark.parametrize(
    ("word", "row"),
    [
        ("web", "  web  evacuate  disks volume"),
        (f"instance/{DB}", "  db  evacuate  disks unknown"),
        (LEFT, f"  {LEFT}  left  local-disk"),
    ],
)
def test_a_guest_is_explained_by_its_row_of_the_plan_alone(word: str, row: str) -> None:
    told = choose(TOLD, [PLANNED], word)
    assert told == [PLANNED]
    assert printed(page(told, word)).splitlines()[2:] == [row]
    shown = as_json(PLANNED, word)
    assert len(shown["instances"]) + len(shown["left"]) == 1


def test_a_plan_of_another_incident_is_not_told() -> None:
    other = replace(PLANNED, fact=replace(PLANNED.fact, incident=UUID(int=9)))
    assert choose(TOLD, [other], "cmp1") == TOLD


def test_a_long_plan_is_cut_and_says_where_the_rest_is() -> None:
    steps = tuple(Step(action=Action.EVACUATE, subject=f"g{n}", name=f"g{n}") for n in range(25))
    plan = replace(PLAN, steps=steps, excluded=())
    lines = page([replace(PLANNED, plan=plan, fact=replace(PLANNED.fact, plan=plan))], "cmp1")
    assert lines[-2:] == ["  g19  evacuate", "  and 5 more: kasugai incident show 7f3ca1b2"]


def test_a_plan_in_json_has_its_guests_with_their_disks_and_whom_it_leaves() -> None:
    assert as_json(PLANNED, "cmp1") == {
        "at": "2026-11-18T11:06:42.000Z",
        "plan": "cmp1",
        "incident": str(INCIDENT),
        "attempt": 1,
        "instances": [
            {"instance": WEB, "name": "web", "action": "evacuate", "disks": "volume"},
            {"instance": DB, "name": "db", "action": "evacuate", "disks": "unknown"},
        ],
        "left": [{"instance": LEFT, "reason": "local-disk"}],
    }


GUEST_OPENED = Decided(BrokerTime(START), 3, replace(OPENED, subject=GUEST, incident=INCIDENT))
RESTARTING = Planned(
    BrokerTime(START + 2000), 4, replace(said(FactKind.PLAN, plan=RESTART), subject=GUEST), RESTART
)


@pytest.mark.parametrize("word", [UUID_OF_WEB, UUID_OF_WEB.upper(), f"instance/{UUID_OF_WEB}", "web1"])
def test_an_instance_is_explained_by_its_uuid_and_by_its_name(word: str) -> None:
    """Verdicts know its uuid alone; what it is called stands in its plan."""
    told = choose([*TOLD, GUEST_OPENED], [RESTARTING], word)
    assert told == [GUEST_OPENED, RESTARTING]
    assert printed(page(told, word)).splitlines() == [
        f"2026-11-18T11:06:40.000Z  open instance/{UUID_OF_WEB} (confirmed)",
        "  because   Enough witnesses for long enough.",
        "  incident  7f3ca1b2",
        "  evidence  1 more in other parts of this verdict",
        "",
        f"2026-11-18T11:06:42.000Z  plan instance/{UUID_OF_WEB} (web1): stop, start",
        "  incident  7f3ca1b2 (attempt 1)",
        "  web1  start",
    ]


def test_what_is_on_a_host_is_told_of_where_nothing_was_decided_about_the_host_itself() -> None:
    assert choose([GUEST_OPENED], [], "cmp1") == [GUEST_OPENED]
    assert choose([*TOLD, GUEST_OPENED], [], "cmp1") == TOLD


RACK = SegmentRecord(segment_id=SEGMENT, name="rack1")
HOSTS = [HostRecord(host_uuid=name, name=name, segment_id=SEGMENT) for name in ("cmp1", "cmp2")]
SEEN = [Seen(each.at, each.offset, each.verdict) for each in TOLD]


@pytest.mark.parametrize("word", ["cmp2", "host/cmp2"])
def test_a_host_to_which_nothing_happened_is_explained_too(word: str) -> None:
    stands = standing(Read(SEEN, TOLD, [], [RACK], HOSTS), word, START)
    assert stands is not None and choose(TOLD, [], word, stands) == []
    assert printed(standing_lines(stands, has_words=False)).splitlines() == [
        "cmp2 in segment rack1 is in-service, and nothing is known against it",
        "  now       protected: if it failed now, it would be recovered, as far as the topics tell",
        "  but ask   kasugai power check cmp2: whether its fence device answers",
    ]
    assert standing_json(stands)["protected"] is True


def test_a_host_that_would_not_be_recovered_says_why() -> None:
    stands = standing(Read([], [], [], [replace(RACK, armed=False)], HOSTS), "cmp1", START)
    assert stands is not None
    assert printed(standing_lines(stands, has_words=True)).splitlines() == [
        "cmp1 in segment rack1 is in-service",
        "  now       not protected (disarmed)",
        "  because   Its segment may not act, by its description, a command or a bug.",
    ]


def test_what_is_no_host_does_not_stand_anywhere() -> None:
    assert standing(Read(SEEN, TOLD, [], [RACK], HOSTS), "rack1", START) is None
