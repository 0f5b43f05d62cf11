"""A segment file is read as it stands, and what is wrong in it is named: file, line, key, and an example."""

import re
from dataclasses import Field, fields

import pytest

from kasugai.cli.exits import Misused
from kasugai.cli.segment_file import WantedHost, WantedSegment, parse
from kasugai.core.words.policy import Exhausted, Method, Policy
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


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('name: "rack1\\nall is well"', "name"),
        ('name: " rack1"', "name"),
        (f"name: {'r' * 256}", "name"),
        ('name: rack1\nhosts: ["cmp1\\e[2K"]', "hosts"),
        ('name: rack1\nhosts: ["cmp1 "]', "hosts"),
        ('name: rack1\nhosts: [{name: "cmp1\\u202E"}]', "hosts[0].name"),
        ('name: rack1\ndescription: "\\e]0;gone\\a"', "description"),
        ('name: rack1\nhosts: [{name: cmp1, control-attributes: "\\x7f"}]', "hosts[0].control-attributes"),
        ('name: rack1\npolicy: {ha-key: "gold\\n"}', "policy.ha-key"),
        ('name: rack1\npolicy: {exclude-projects: ["p\\u2028"]}', "policy.exclude-projects"),
    ],
)
def test_names_obey_the_rules_of_the_rest_api(text: str, key: str) -> None:
    with pytest.raises(Misused, match=rf"^f:\d+: {re.escape(key)}: ") as refused:
        parse("f", text, Policy())
    assert "printable characters" in str(refused.value)


def test_a_name_of_255_signs_in_any_script_and_lines_of_a_description_are_taken() -> None:
    name = "鎹" * 255
    (segment,) = parse("f", f'name: {name}\ndescription: "by the\\nwindow"\nhosts: [{name}]', Policy())
    assert (segment.name, segment.hosts[0].name, segment.description) == (name, name, "by the\nwindow")


SMALLER = """\
name: rack1
policy:
  restart-all: yes
  restart-budget: 2
  restart-window: 1h
  restart-then: relocate
  process-disable: []
  process-evacuate: [libvirtd, nova-compute]
  process-quiet: 0
  host-before: [free-ports]
  instance-after: [page-us, log-it]
"""


def test_what_becomes_of_guests_and_processes_is_read() -> None:
    (found,) = parse("f", SMALLER, Policy())
    assert found.policy == Policy(
        restart_all=True,
        restart_budget=2,
        restart_window=Millis(3_600_000),
        restart_then=Exhausted.RELOCATE,
        process_disable=(),
        process_evacuate=("libvirtd", "nova-compute"),
        process_quiet=Millis(0),
        host_before=("free-ports",),
        instance_after=("page-us", "log-it"),
    )


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("restart-budget: 0", "0 is not from 1 to 16; for example: restart-budget: 3"),
        ("restart-budget: 17", "17 is not from 1 to 16; for example: restart-budget: 3"),
        ("restart-window: 10s", "10s is not from 60s to 86400s; for example: restart-window: 10m"),
        ("process-quiet: 2h", "2h is not from 0 to 3600s; for example: process-quiet: 5m"),
        ("restart-then: die", "one of hold, relocate belongs here, not die; for example: restart-then: hold"),
        ("process-disable: yes", "a list belongs here; for example: process-disable: [nova-compute]"),
        ("process-evacuate: [[a]]", "a list of words belongs here"),
        ("instance-before: {a: b}", "a list belongs here; for example: instance-before: [snapshot]"),
    ],
)
def test_what_is_wrong_about_guests_and_processes_is_named(word: str, reason: str) -> None:
    with pytest.raises(Misused) as caught:
        parse("f", f"name: a\npolicy:\n  {word}", Policy())
    assert reason in str(caught.value) and "f:3: policy." in str(caught.value)


@pytest.mark.parametrize("field", fields(Policy), ids=lambda field: field.name)
def test_the_example_of_every_word_can_be_written(field: Field[object]) -> None:
    word = field.name.replace("_", "-")
    with pytest.raises(Misused, match=re.escape(f"policy: {{{word}: ")) as caught:
        parse("f", f"name: a\n{word}: 1", Policy())
    example = str(caught.value).partition("for example: ")[2]
    (found,) = parse("f", f"name: a\n{example}", Policy())
    assert type(getattr(found.policy, field.name)) is type(field.default)
