"""The narrator: one sentence per decision or fact, none for bookkeeping."""

from dataclasses import replace

import pytest

from kasugai.core.deciding.telling import put_into_words
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.planning import plan
from kasugai.core.telling.narrate import narrate_fact, narrate_verdict
from kasugai.core.words.facts import Fact, FactKind, Result, StepState
from kasugai.core.words.policy import Policy
from kasugai.core.words.timing import BrokerTime, MonoTime
from kasugai.core.words.verdicts import Reason, Verb
from tests.support.smaller import (
    AGREE,
    DISABLE,
    ENABLE,
    GUEST,
    MIGRATE,
    OPEN_AGAIN,
    PROCESS,
    RELOCATE,
    RUN,
    SHUT,
    STOP,
    of,
    plan_of,
)
from tests.unit.core.makers import fact, guest, order, record, row

GUESTS = {name: guest(name) for name in ("g1", "g2")}
TWO = plan(order(), Look(at=MonoTime(0), guests=GUESTS), 1, {})
ONE = plan(
    order(policy=Policy(evacuate_all=False)),
    Look(at=MonoTime(0), guests={**GUESTS, "g1": guest("g1", metadata={"HA_Enabled": "1"})}),
    1,
    {},
)


def test_a_verdict_reads_verb_subject_reason() -> None:
    _, (verdict,) = put_into_words(row(), Verb.OPEN, Reason.CONFIRMED, at=BrokerTime(0), offset=1)
    assert narrate_verdict(verdict) == "open cmp1 (confirmed)"


def step(kind: FactKind, reason: str = "", name: str = "web1") -> Fact:
    return fact(kind, step=record("evacuate:g1", StepState.DONE, reason=reason), name=name)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (fact(FactKind.ADOPTED, epoch=1), ""),
        (fact(FactKind.ADOPTED, epoch=2), "adopt cmp1 (epoch 2)"),
        (fact(FactKind.PLAN, plan=TWO), "plan cmp1: 2 guests"),
        (fact(FactKind.PLAN, plan=ONE), "plan cmp1: 1 guest, 1 left where they are"),
        (fact(FactKind.PLAN), "plan cmp1: 0 guests"),
        (fact(FactKind.WORKING), ""),
        (fact(FactKind.QUEUED), "queue cmp1"),
        (fact(FactKind.HELD, reason="stopped"), "hold cmp1 (stopped)"),
        (fact(FactKind.HELD, reason="in-migration", detail="web1"), "hold cmp1 (in-migration): web1"),
        (fact(FactKind.VETOED, reason="nova-fresh"), "veto cmp1 (nova-fresh)"),
        (fact(FactKind.FINISHED, result=Result.RECOVERED), "host-down/cmp1 recovered"),
        (step(FactKind.STARTED), "evacuate web1"),
        (step(FactKind.STARTED, name=""), "evacuate g1"),
        (step(FactKind.UNSURE), "unsure of evacuate web1"),
        (step(FactKind.FAILED, "no-valid-host"), "failed to evacuate web1 (no-valid-host)"),
        (step(FactKind.FAILED), "failed to evacuate web1"),
        (step(FactKind.ABSOLVED, "no trace"), "nothing came of evacuate web1 (no trace)"),
        (step(FactKind.DONE), ""),
        (step(FactKind.DONE, "moved"), "evacuate web1: moved"),
    ],
)
def test_each_fact_has_its_sentence(said: Fact, sentence: str) -> None:
    assert narrate_fact(said) == sentence


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (fact(FactKind.ADOPTED, epoch=2), "adopt instance/UUID (epoch 2)"),
        (
            fact(FactKind.PLAN, plan=RELOCATE),
            "plan instance/UUID (web1): stop, migrate, confirm-migration, start",
        ),
        (fact(FactKind.PLAN, plan=plan_of()), "plan instance/UUID: nothing to do"),
        (fact(FactKind.QUEUED), "queue instance/UUID"),
        (fact(FactKind.HELD, reason="guest-busy"), "hold instance/UUID (guest-busy)"),
        (fact(FactKind.VETOED, reason="host-not-up"), "veto instance/UUID (host-not-up)"),
        (of(STOP, StepState.STARTED), "stop web1"),
        (of(MIGRATE, StepState.STARTED), "migrate web1"),
        (of(AGREE, StepState.STARTED), "confirm-migration web1"),
        (of(RUN, StepState.UNSURE), "unsure of start web1"),
        (
            fact(FactKind.FINISHED, result=Result.WITHDRAWN, detail="stopped by its user"),
            "instance-down/UUID withdrawn: stopped by its user",
        ),
    ],
)
def test_each_fact_about_an_instance_has_its_sentence(said: Fact, sentence: str) -> None:
    assert narrate_fact(replace(said, subject=GUEST)).replace(GUEST.detail, "UUID") == sentence


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (fact(FactKind.ADOPTED, epoch=2), "adopt process/cmp1/nova-compute (epoch 2)"),
        (fact(FactKind.PLAN, plan=SHUT), "plan process/cmp1/nova-compute: disable-compute"),
        (fact(FactKind.HELD, reason="no-service"), "hold process/cmp1/nova-compute (no-service)"),
        (of(DISABLE, StepState.STARTED), "disable-compute cmp1"),
        (of(ENABLE, StepState.DONE, "enabled-by-others"), "enable-again cmp1: enabled-by-others"),
        (
            fact(FactKind.FINISHED, result=Result.RECOVERED, plan=SHUT),
            "process-down/cmp1/nova-compute recovered",
        ),
        (
            fact(FactKind.FINISHED, result=Result.RECOVERED, plan=OPEN_AGAIN),
            "process-back/cmp1/nova-compute recovered",
        ),
    ],
)
def test_each_fact_about_a_process_has_its_sentence(said: Fact, sentence: str) -> None:
    assert narrate_fact(replace(said, subject=PROCESS)) == sentence
