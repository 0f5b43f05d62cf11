"""What a person says about a host becomes one fault: the same one again when its id is repeated."""

import argparse
from typing import Any

from kasugai.cli.fault import observation, repetition, sentence, unknown
from kasugai.cli.main import build_parser
from kasugai.core.words.signals import Source, Symptom


def typed(*words: str) -> argparse.Namespace:
    return build_parser().parse_args(["fault", "publish", *words])


def test_a_fenced_host_is_asserted_down() -> None:
    fault = observation(typed("cmp1", "--fenced"), "uuid-1", 7)
    assert (fault.symptom, fault.asserted, fault.source) == (Symptom.DOWN, True, Source.REPORTED)
    assert (fault.host, fault.host_uuid, fault.inventory_offset, fault.observer) == (
        "cmp1",
        "uuid-1",
        7,
        "cli",
    )
    assert fault.observed_at > 1_700_000_000_000


def test_a_sign_of_life_asserts_nothing() -> None:
    fault = observation(typed("cmp1", "--alive"), "u", 0)
    assert (fault.symptom, fault.asserted) == (Symptom.ALIVE, False)


def test_each_word_is_a_new_one_and_the_printed_command_repeats_it() -> None:
    first, other = (
        observation(typed("cmp1", "--fenced"), "u", 0),
        observation(typed("cmp1", "--fenced"), "u", 0),
    )
    assert first.event_id != other.event_id
    words = repetition(first).split()
    assert words[:3] == ["kasugai", "fault", "publish"]
    assert observation(typed(*words[3:]), "u", 9).event_id == first.event_id
    assert first.episode in sentence(first) and "fenced" in sentence(first)


def test_the_repetition_keeps_every_word_that_matters() -> None:
    fault = observation(typed("cmp1", "--alive", "--observer", "me", "--id", "x", "--force"), "", 0)
    assert repetition(fault) == "kasugai fault publish cmp1 --alive --observer me --force --id x"


def test_an_unknown_host_is_told_with_its_namesakes() -> None:
    known: Any = ["cmp1.example.org", "cmp2"]
    assert "it knows cmp1.example.org)" in unknown("cmp1", known)
    assert "it knows cmp1.example.org, cmp2)" in unknown("cmp9", known)
    assert "no host yet" in unknown("cmp1", [])
