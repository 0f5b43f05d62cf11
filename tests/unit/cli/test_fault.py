"""What a person says about a host becomes one fault: the same one again when its id is repeated."""

import argparse
import shlex
from typing import Any

import pytest

from kasugai.cli.exits import Exit
from kasugai.cli.fault import observation, repetition, sentence, unknown
from kasugai.cli.main import build_parser, main
from kasugai.core.words.signals import Source, Symptom

GUEST = "2f3c9d1a-0000-4000-8000-000000000001"


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


@pytest.mark.parametrize(
    ("words", "subject", "symptom"),
    [
        (("--process", "nova-compute"), "process/cmp1/nova-compute", Symptom.DOWN),
        (("--process", "a/b", "--alive"), "process/cmp1/a/b", Symptom.ALIVE),
        (("--instance", GUEST.upper()), f"instance/{GUEST}", Symptom.DOWN),
        ((), "host/cmp1", Symptom.DOWN),
    ],
)
def test_an_instance_and_a_process_are_reported_and_repeated_by_their_names(
    words: tuple[str, ...], subject: str, symptom: Symptom
) -> None:
    fault = observation(typed("cmp1", *words), "u", 0)
    assert (fault.subject.name, fault.subject.host, fault.symptom) == (subject, "cmp1", symptom)
    again = observation(typed(*shlex.split(repetition(fault))[3:]), "u", 9)
    assert (again.event_id, again.subject) == (fault.event_id, fault.subject)
    assert sentence(fault).startswith(f"{fault.subject.title} is {symptom} (event ")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--instance", "web1"), "it is no uuid"),
        (("--instance", GUEST, "--process", "p"), "not allowed with"),
        (("--process", "x" * 256), "it has 256 bytes"),
        (("--process", ""), "argument --process: it is empty"),
        (("--process", " ", "--fenced"), "argument --process: it is empty"),
        (("--instance", ""), "it is no uuid"),
    ],
)
def test_what_is_no_instance_and_no_process_is_refused(
    words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["fault", "publish", "cmp1", *words])
    assert caught.value.code == Exit.USAGE and told in capsys.readouterr().err


def test_a_host_without_a_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["fault", "publish", ""])
    assert "argument HOST: it is empty" in capsys.readouterr().err


def test_that_an_instance_is_fenced_cannot_be_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fault", "publish", "cmp1", "--process", "p", "--fenced"]) == Exit.USAGE
    assert "--fenced is about the host itself" in capsys.readouterr().err
