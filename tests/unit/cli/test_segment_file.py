"""A segment file is read as it stands, and what is wrong in it is named: file, line, key, and an example."""

import pytest

from kasugai.cli.exits import Misused
from kasugai.cli.segment_file import WantedHost, WantedSegment, parse
from kasugai.core.words.policy import Method, Policy
from kasugai.core.words.timing import Millis

FULL = """\
name: rack1
description: by the window
armed: no
policy:
  method: auto_priority
  confirm-after: 2.5s
  confirm-observers: 3
  trust-assertions: no
  max-unhealthy: 40%
  ha-key: gold
hosts:
  - cmp1
  - name: cmp2
    reserved: yes
    on-maintenance: true
    id: 6F1C1C5E-0d6f-5f0e-9d5e-0d8f3a7f2b11
---
name: rack2
"""


def test_everything_that_can_be_said_is_read() -> None:
    assert parse("f", FULL, Policy(window=4)) == (
        WantedSegment(
            name="rack1",
            description="by the window",
            armed=False,
            policy=Policy(
                method=Method.AUTO_PRIORITY,
                confirm_after=Millis(2500),
                confirm_observers=3,
                trust_assertions=False,
                max_unhealthy=40,
                ha_key="gold",
                window=4,
            ),
            hosts=(
                WantedHost(name="cmp1"),
                WantedHost(
                    name="cmp2",
                    reserved=True,
                    on_maintenance=True,
                    id="6f1c1c5e-0d6f-5f0e-9d5e-0d8f3a7f2b11",
                ),
            ),
        ),
        WantedSegment(name="rack2", policy=Policy(window=4)),
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("", "f.yaml:1: the file is empty; for example: name: rack1", id="empty"),
        pytest.param("name: [", "f.yaml:1: this is no YAML: ", id="no yaml"),
        pytest.param(
            "- cmp1", "f.yaml:1: the document: a mapping belongs here; for example: name: rack1", id="list"
        ),
        pytest.param(
            "armed: yes", "f.yaml:1: the document: name is missing; for example: name: rack1", id="nameless"
        ),
        pytest.param("name: a\nname: b", "f.yaml:2: name: is there twice", id="twice"),
        pytest.param(
            "name: a\n\narmed: 7",
            "f.yaml:3: armed: yes or no belongs here; for example: armed: yes",
            id="no flag",
        ),
        pytest.param(
            "name: a\nhosts:\n- {name: b, on-maintenance: no, maintenance-until: 2026-12-01T06:00:00Z}",
            "f.yaml:3: hosts[0].maintenance-until: a host that is not on maintenance has no end of it",
            id="an end of nothing",
        ),
        pytest.param(
            "name: a\nhosts:\n- {name: b, maintenance-until: soon}",
            "f.yaml:3: hosts[0].maintenance-until: a date and time belongs here; for example: ",
            id="no date",
        ),
        pytest.param(
            "name: a\nhosts:\n- {name: b, maintenance-until: 2026-12-01T06:00:00}",
            "f.yaml:3: hosts[0].maintenance-until: say in which time zone (Z: UTC)",
            id="a date without a zone",
        ),
        pytest.param(
            "name: a\nhost: [cmp1]",
            "f.yaml:2: host: nobody reads this; did you mean hosts?; for example: hosts: [cmp1, cmp2]",
            id="misspelt",
        ),
        pytest.param(
            "name: a\nwindow: 4",
            "f.yaml:2: window: this belongs under policy; for example: policy: {window: 50}",
            id="a word of the policy",
        ),
        pytest.param(
            "name: a\npolicy:\n  window: 999",
            "f.yaml:3: policy.window: 999 is not from 1 to 500; for example: window: 50",
            id="out of bounds",
        ),
        pytest.param(
            "name: a\npolicy:\n  confirm-after: soon",
            "f.yaml:3: policy.confirm-after: a time (500ms, 4s, 30m, 1h) belongs here, not soon; "
            "for example: confirm-after: 4s",
            id="no time",
        ),
        pytest.param(
            "name: a\npolicy:\n  unfenced-wait: 10s",
            "f.yaml:3: policy.unfenced-wait: 10s is not at least 30s; for example: unfenced-wait: 180s",
            id="too short a time",
        ),
        pytest.param(
            "name: a\npolicy:\n  settle-after-fence: 1h",
            "f.yaml:3: policy.settle-after-fence: 1h is not from 0 to 600s; for example: settle-after-fence: 10s",
            id="too long a time",
        ),
        pytest.param(
            "name: a\npolicy: {attempts: two}",
            "f.yaml:2: policy.attempts: a whole number belongs here, not two; for example: attempts: 2",
            id="no number",
        ),
        pytest.param(
            "name: a\npolicy:\n  confirm_after: 4s",
            "f.yaml:3: policy.confirm_after: nobody reads this; did you mean confirm-after?; "
            "for example: confirm-after: 4s",
            id="underscore",
        ),
        pytest.param(
            "name: a\npolicy: {method: best}",
            "f.yaml:2: policy.method: one of auto, reserved_host, auto_priority, rh_priority belongs here, not best; "
            "for example: method: auto",
            id="no method",
        ),
        pytest.param(
            "name: a\nhosts: cmp1",
            "f.yaml:2: hosts: a list belongs here; for example: hosts: [cmp1, cmp2]",
            id="no list",
        ),
        pytest.param(
            "name: a\nhosts:\n  - cmp1\n  - {nmae: cmp2}",
            "f.yaml:4: hosts[1].nmae: nobody reads this; did you mean name?; for example: name: cmp1",
            id="in a host",
        ),
        pytest.param(
            "name: a\nhosts:\n  -",
            "f.yaml:3: hosts[0]: a mapping belongs here; for example: name: rack1",
            id="empty host",
        ),
        pytest.param("name: a\nhosts: [cmp1, cmp1]", "f.yaml: the host cmp1 is there twice", id="host twice"),
        pytest.param("name: a\n---\nname: a", "f.yaml: the segment a is there twice", id="segment twice"),
        pytest.param("name: a\nid: 7", "f.yaml:2: id: a uuid belongs here", id="no id"),
        pytest.param(
            "name: ''",
            "f.yaml:1: name: one word or sentence belongs here; for example: name: rack1",
            id="blank",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_an_example(text: str, line: str) -> None:
    with pytest.raises(Misused) as wrong:
        parse("f.yaml", text, Policy())
    assert str(wrong.value).startswith(line)
    assert "\n" not in str(wrong.value)


@pytest.mark.parametrize(
    ("text", "millis"),
    [("1500ms", 1500), ("1500", 1500), ("90s", 90_000), ("30m", 1_800_000), ("1.5h", 5_400_000)],
)
def test_a_time_is_said_in_the_unit_that_suits_it(text: str, millis: int) -> None:
    (wanted,) = parse("f", f"name: a\npolicy: {{local-wait: {text}}}", Policy())
    assert wanted.policy.local_wait == millis


def test_lists_of_words_belong_to_a_policy() -> None:
    (wanted,) = parse(
        "f", "name: a\npolicy: {exclude-tags: [cattle, 7], exclude-images: []}", Policy(exclude_images=("x",))
    )
    assert wanted.policy == Policy(exclude_tags=("cattle", "7"), exclude_images=())
    with pytest.raises(
        Misused, match=r"f:2: policy.exclude-tags: a list belongs here; for example: exclude-tags: \[tag1\]"
    ):
        parse("f", "name: a\npolicy: {exclude-tags: cattle}", Policy())
    with pytest.raises(Misused, match=r"f:2: policy.exclude-tags: a list of words belongs here"):
        parse("f", "name: a\npolicy: {exclude-tags: [{a: b}]}", Policy())
