"""A person's mark is one word of one observer: whoever takes it back need not be the one who set it."""

import argparse
import shlex
from typing import Any

import pytest

from kasugai.cli.degraded import OBSERVER, _maker
from kasugai.cli.main import build_parser, main
from kasugai.core.words.hardware import hardware_subject
from kasugai.core.words.signals import Fault, Source, Symptom


def typed(*words: str) -> argparse.Namespace:
    return build_parser().parse_args(["degraded", *words])


def said(verb: str, *words: str) -> Fault:
    symptom = Symptom.DOWN if verb == "begin" else Symptom.CLEAR
    return _maker(typed(verb, *words), symptom)("uuid-1", 7)


def test_a_mark_is_about_the_hardware_and_asserts_nothing() -> None:
    mark, over = said("begin", "cmp1"), said("end", "cmp1")
    assert mark.subject == over.subject == hardware_subject("cmp1")
    assert (mark.symptom, mark.source, mark.asserted) == (Symptom.DOWN, Source.REPORTED, False)
    assert (mark.observer, over.observer, over.symptom) == (OBSERVER, OBSERVER, Symptom.CLEAR)
    assert (mark.host_uuid, mark.inventory_offset) == ("uuid-1", 7)


def test_each_word_is_a_new_one_unless_an_id_repeats_it() -> None:
    assert said("begin", "cmp1").event_id != said("begin", "cmp1").event_id
    assert said("begin", "cmp1", "--id", "7b1c").event_id == said("begin", "cmp1", "--id", "7b1c").event_id


def test_what_is_said_names_the_next_commands(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    async def publish(kafka: object, name: str, make: Any, *, force: bool) -> tuple[Fault, None]:
        assert (name, force) == ("cmp 1", True)
        return make("", 3), None

    monkeypatch.setattr("kasugai.cli.degraded.publish_about", publish)
    monkeypatch.setattr("kasugai.cli.degraded.settings_of", lambda _: argparse.Namespace(kafka=None))
    assert main(["degraded", "begin", "cmp 1", "--force", "--id", "x"]) == 0
    told = capsys.readouterr()
    assert told.out == "cmp 1 is marked as degraded (id x)\n"
    again, follow = (line.split(": ", 1)[1] for line in told.err.splitlines())
    assert shlex.split(again) == ["kasugai", "degraded", "begin", "cmp 1", "--force", "--id", "x"]
    assert shlex.split(follow) == ["kasugai", "explain", "process/cmp 1/hardware"]
