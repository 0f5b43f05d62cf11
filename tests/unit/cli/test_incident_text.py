"""What people and scripts are shown about incidents, letter by letter, at 80 columns."""

import io
import json
from dataclasses import replace

from rich.console import Console

from kasugai.cli.incident_text import as_json, listed, page, timeline_json
from kasugai.cli.live import frame
from kasugai.core.words.facts import FactKind
from kasugai.core.words.policy import Fencing, Policy
from kasugai.core.words.timing import Millis
from kasugai.core.words.verdicts import Reason, Verb
from tests.support.incidents import (
    DOWN,
    JOB,
    MIDWAY,
    NAMES,
    OPENED,
    PLAN,
    START,
    WEB,
    WHOLE,
    decided,
    opened,
    said,
    view_of,
    views_of,
)
from tests.support.printed import printed
from tests.support.smaller import BEGUN, DISABLED, GUEST, RESTARTED

NOW = START + 72_000
OF_GUEST_OPENED = replace(opened(policy=Policy(fence=Fencing.NONE)), subject=GUEST)

LIST = """\
INCIDENT  SUBJECT  SEGMENT  PHASE       STEPS  INSTANCES    AGE  WHY
7f3ca1b2  cmp1     rack1    recovering    3/5        1/2  1m12s  confirmed"""

HELD = """\
INCIDENT  SUBJECT  SEGMENT  PHASE  STEPS  INSTANCES    AGE  WHY
7f3ca1b2  cmp1     rack1    held       -          -  1m12s  no-fence-device: no…"""

PAGE = """\
incident:  7f3ca1b2-0000-5000-8000-000000000001
host:      cmp1
segment:   rack1
phase:     recovered
why:       recovered
opened:    2026-11-18T11:06:40.000Z (took 14.0s)
attempt:   1, 1 owner so far
instances: 2 of 2 are elsewhere

timeline
      +0.0s  correlate  open cmp1 (confirmed)
      +3.0s  worker     plan cmp1: 2 guests, 1 left where they are
      +4.0s  worker     fence cmp1: power-off
      +5.0s  worker     force-down cmp1
      +7.0s  worker     evacuate batch1
      +8.0s  worker     evacuate web1
     +10.0s  worker     unsure of evacuate batch1
     +13.0s  worker     host-down/cmp1 recovered
     +14.0s  correlate  close cmp1 (recovered)

steps
  SUBJECT  STEP        STATE  TOOK  WHY
  cmp1     fence       done      -  power-off
  cmp1     force-down  done   1.0s
  web1     evacuate    done   1.0s
  batch1   evacuate    done   4.0s
  batch1   restore     done      -
  old1     -           left      -  in-error"""

FRAME = """\
incident 7f3ca1b2  host cmp1  segment rack1  recovering  72.0s  confirmed
  ✓  fence cmp1              power-off
  ✓  force-down cmp1  1.0s
  ✓  evacuate web1    1.0s
  ?  evacuate batch1  65.0s
  ·  restore batch1
  instances  ━━━━━━━━━━━━━━━                 1 of 2 are elsewhere

    +3.0s  worker     plan cmp1: 2 guests, 1 left where they are
    +4.0s  worker     fence cmp1: power-off
    +5.0s  worker     force-down cmp1
    +7.0s  worker     evacuate batch1
    +8.0s  worker     evacuate web1
   +10.0s  worker     unsure of evacuate batch1"""


def test_the_list() -> None:
    assert printed(listed(views_of(*MIDWAY), NAMES, NOW, 80)) == LIST


def test_the_last_column_gives_way_at_80_columns() -> None:
    detail = "no power device for this host and no assertion"
    view = view_of(opened(), said(FactKind.HELD), decided(Verb.HOLD, Reason.NO_FENCE_DEVICE, detail=detail))
    shown = printed(listed([view], NAMES, NOW, 80))
    assert shown == HELD
    assert max(map(len, shown.splitlines())) <= 80
    assert detail in printed(listed([view], NAMES, NOW, None))


def test_a_segment_that_the_inventory_has_forgotten_is_shown_by_its_id() -> None:
    assert "5e9a0000" in printed(listed(views_of(*MIDWAY), {}, NOW, 80))


def test_the_page() -> None:
    assert printed(page(view_of(*WHOLE), NAMES, NOW)) == PAGE


def test_an_incident_whose_segment_asks_for_no_fence_says_so() -> None:
    policy = Policy(fence=Fencing.NONE, unfenced_wait=Millis(60_000))
    shown = printed(page(view_of(OPENED, opened(policy=policy)), NAMES, NOW))
    line = "fencing:   NONE is asked for: where nothing else proves it, 60 s of silence are enough"
    assert line in shown.splitlines()


def test_the_page_of_an_incident_without_a_plan() -> None:
    shown = printed(page(view_of(decided(Verb.HOLD, Reason.DISARMED, None)), NAMES, NOW))
    assert "incident:  none was opened" in shown
    assert "instances: no plan yet" in shown


def test_the_live_view() -> None:
    console = Console(file=io.StringIO(), width=80, color_system=None)
    console.print(frame(view_of(*MIDWAY), NAMES, NOW))
    assert isinstance(console.file, io.StringIO)
    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]
    assert "\n".join(lines) == FRAME


def test_json_is_complete_and_stable() -> None:
    view = view_of(*WHOLE)
    shown = json.loads(json.dumps(as_json(view, NAMES) | {"timeline": timeline_json(view)}))
    assert {
        key: shown[key] for key in ("incident", "host", "segment", "phase", "opened_at", "closed_at")
    } == {
        "incident": "7f3ca1b2-0000-5000-8000-000000000001",
        "host": "cmp1",
        "segment": "rack1",
        "phase": "recovered",
        "opened_at": "2026-11-18T11:06:40.000Z",
        "closed_at": "2026-11-18T11:06:54.000Z",
    }
    assert shown["instances"] == {
        "total": 2,
        "done": 2,
        "window": 0,
        "left": [{"instance": "old1", "reason": "in-error"}],
    }
    assert shown["steps"][3] == {
        "step": "evacuate:job",
        "action": "evacuate",
        "subject": "job",
        "name": "batch1",
        "state": "done",
        "tries": 1,
        "reason": "",
        "destination": "",
        "disks": "",
        "began_at": "2026-11-18T11:06:47.000Z",
        "ended_at": "2026-11-18T11:06:51.000Z",
    }
    assert shown["timeline"][0] == {
        "at": "2026-11-18T11:06:40.000Z",
        "actor": "correlate",
        "sentence": "open cmp1 (confirmed)",
    }


def test_the_window_that_the_owner_told_last() -> None:
    first = replace(said(FactKind.WORKING), window=8)
    view = view_of(*WHOLE, first, replace(said(FactKind.WORKING), seq=2, window=16))
    assert "instances: 2 of 2 are elsewhere, up to 16 at a time" in printed(page(view, NAMES, NOW))
    assert as_json(view, NAMES)["instances"]["window"] == 16


def test_guests_of_one_name_are_told_apart_and_owners_are_this_incidents() -> None:
    web, job = (replace(step, name="twin", subject=f"{n}f3ca1b2-0000") for n, step in ((1, WEB), (2, JOB)))
    plan = replace(PLAN, steps=(DOWN, web, job), epoch=9)
    text = printed(page(view_of(OPENED, opened(), said(FactKind.PLAN, plan=plan, epoch=9)), NAMES, NOW))
    assert "twin (1f3ca1b2)" in text and "twin (2f3ca1b2)" in text and "attempt:   1, 1 owner so far" in text


SMALLER_LIST = """\
INCIDENT  SUBJECT               SEGMENT  PHASE      STEPS  INSTANCES    AGE  WHY
7f3ca1b2  web1 on cmp1          rack1    recovered    2/2        1/1  1m12s  recovered
7f3ca1b2  nova-compute on cmp1  rack1    recovered    1/1          -  1m12s  recovered
7f3ca1b2  2f3c9d1a on cmp1      rack1    opened         -          -  1m12s  observed"""

OF_A_GUEST = """\
incident:  7f3ca1b2-0000-5000-8000-000000000001
instance:  2f3c9d1a-0000-4000-8000-000000000001 (web1)
host:      cmp1
segment:   rack1
phase:     recovered
why:       recovered
opened:    2026-11-18T11:06:40.000Z (took 9.0s)
attempt:   1, 1 owner so far
steps:     2 of 2 are done

timeline
      +0.0s  correlate  open instance/2f3c9d1a-0000-4000-8000-000000000001 (observed)
      +3.0s  worker     plan instance/2f3c9d1a-0000-4000-8000-000000000001 (web1): stop, start
      +4.0s  worker     stop web1
      +6.0s  worker     start web1
      +8.0s  worker     instance-down/2f3c9d1a-0000-4000-8000-000000000001 recovered
      +9.0s  correlate  close instance/2f3c9d1a-0000-4000-8000-000000000001 (recovered)

steps
  SUBJECT  STEP   STATE  TOOK  WHY
  web1     stop   done   1.0s
  web1     start  done   1.0s"""

OF_A_PROCESS = """\
incident:  7f3ca1b2-0000-5000-8000-000000000001
process:   nova-compute
host:      cmp1
segment:   rack1
phase:     recovered
why:       recovered
opened:    2026-11-18T11:06:40.000Z (took 7.0s)
attempt:   1, 1 owner so far
steps:     1 of 1 are done

timeline
      +0.0s  correlate  open process/cmp1/nova-compute (observed)
      +3.0s  worker     plan process/cmp1/nova-compute: disable-compute
      +4.0s  worker     disable-compute cmp1
      +6.0s  worker     process-down/cmp1/nova-compute recovered
      +7.0s  correlate  close process/cmp1/nova-compute (recovered)

steps
  SUBJECT  STEP             STATE  TOOK  WHY
  cmp1     disable-compute  done   1.0s"""


def test_incidents_of_all_kinds_stand_in_one_list() -> None:
    views = [view_of(*RESTARTED), view_of(*DISABLED), view_of(*BEGUN[:1])]
    assert printed(listed(views, NAMES, NOW, None)) == SMALLER_LIST


def test_an_instance_s_incident_says_what_the_instance_is_called() -> None:
    assert printed(page(view_of(*RESTARTED), NAMES, NOW)) == OF_A_GUEST


def test_a_process_s_incident_names_the_process_and_its_host() -> None:
    assert printed(page(view_of(*DISABLED), NAMES, NOW)) == OF_A_PROCESS


def test_before_its_plan_an_instance_s_incident_has_no_steps() -> None:
    assert "steps:     no plan yet" in printed(page(view_of(*BEGUN), NAMES, NOW))


def test_the_way_to_fence_is_a_host_s_business() -> None:
    assert "fencing" not in printed(page(view_of(*BEGUN[:1], OF_GUEST_OPENED), NAMES, NOW))


def test_json_says_of_what_kind_it_is_and_what_it_is_called() -> None:
    shown = as_json(view_of(*RESTARTED), NAMES)
    assert (shown["kind"], shown["subject"], shown["name"]) == (
        "instance",
        "instance/2f3c9d1a-0000-4000-8000-000000000001",
        "web1",
    )
    assert (shown["host"], shown["instances"]["done"], shown["instances"]["total"]) == ("cmp1", 1, 1)


def test_the_live_view_of_an_instance_has_its_steps_and_no_bar() -> None:
    console = Console(file=io.StringIO(), width=80, force_terminal=False)
    console.print(frame(view_of(*RESTARTED[:-3]), NAMES, Millis(NOW)))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert lines[0].startswith("incident 7f3ca1b2  instance web1 on cmp1  segment rack1  recovering")
    assert [line.split()[1:3] for line in lines[1:3]] == [["stop", "web1"], ["start", "web1"]]
    assert not any("elsewhere" in line or "restarted" in line for line in lines)
