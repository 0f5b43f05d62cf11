"""Hosts that failed together are one matter of how things stand, and explained by what they share."""

from dataclasses import replace
from uuid import UUID

import pytest

from kasugai.cli.explain_text import as_json, page
from kasugai.cli.tables import Line
from kasugai.core.telling.blasts import blasts, gathered
from kasugai.core.telling.explain import Decided, about
from kasugai.core.telling.incident_views import Record, Seen
from kasugai.core.telling.narrate import narrate_verdict
from kasugai.core.telling.status import Level, Matter, Status, status
from kasugai.core.words.domains import Domain
from kasugai.core.words.inventory import SegmentRecord
from kasugai.core.words.subject import Kind, Subject, domain_subject, host_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from tests.support.incidents import SEGMENT, START, decided

PDU = domain_subject(Domain(kind="pdu", name="pdu-3"))
RACK = SegmentRecord(segment_id=SEGMENT, name="rack 1", created_at=START)
HOSTS = ("c1", "c2", "c3")


def seen(*values: Record) -> list[Seen]:
    return [Seen(BrokerTime(START + 1000 * offset), offset, value) for offset, value in enumerate(values)]


def held(host: str, verb: Verb = Verb.HOLD, reason: Reason = Reason.STORM) -> Verdict:
    verdict = decided(verb, reason, incident=None)
    return replace(verdict, subject=host_subject(host), verdict_id=UUID(int=sum(map(ord, host))))


def together(*hosts: str, verb: Verb = Verb.ALERT, number: int = 1) -> Verdict:
    verdict = decided(verb, Reason.FAILED_TOGETHER, incident=None)
    return replace(
        verdict,
        subject=PDU,
        hosts=hosts,
        evidence=(),
        count=0,
        detail=f"{len(hosts)} of 14 hosts; of rack/r1 {len(hosts)} of 20",
        verdict_id=UUID(int=number),
    )


def stands(*values: Record) -> Status:
    records = seen(*values)
    return gathered(status(records, [RACK], START + 60_000), records, [RACK])


def test_hosts_that_failed_together_are_one_matter_with_what_becomes_of_them() -> None:
    suspected = held("c3", Verb.SUSPECT, Reason.WAITING_TO_CONFIRM)
    found = stands(held("c1"), held("c2"), suspected, held("d1"), together(*HOSTS))
    assert found.matters == (
        Matter(
            level=Level.ACT,
            segment="rack 1",
            about="pdu/pdu-3",
            what="3 of 14 hosts failed together: 2 held (storm), 1 suspected (waiting-to-confirm)",
            since=BrokerTime(START),
            next="kasugai explain pdu/pdu-3",
        ),
        Matter(
            level=Level.ACT,
            segment="rack 1",
            about="d1",
            what="held (storm)",
            since=BrokerTime(START + 3000),
            next="kasugai explain d1",
        ),
    )


def test_one_that_is_left_and_those_of_another_segment_are_told_by_themselves() -> None:
    assert [each.about for each in stands(held("c1"), together(*HOSTS)).matters] == ["c1"]
    other = replace(together(*HOSTS), segment="elsewhere")
    assert [each.about for each in stands(held("c1"), held("c2"), other).matters] == ["c1", "c2"]


def test_what_is_over_joins_nobody_and_what_is_told_again_begins_when_it_was_first_told() -> None:
    over = together(verb=Verb.WITHDRAW, number=2)
    assert len(stands(held("c1"), held("c2"), together(*HOSTS), over).matters) == 2
    assert blasts(seen(over)) == []
    again = together(*HOSTS, "c4", number=3)
    (found,) = blasts(seen(together(*HOSTS), again))
    assert found.since == START and found.hosts == {*HOSTS, "c4"}


def test_many_different_things_are_told_in_short() -> None:
    reasons = [Reason.STORM, Reason.MAINTENANCE, Reason.NO_RESERVE, Reason.DISARMED, Reason.SILENCED]
    names = tuple(f"c{n}" for n in range(5))
    each = [held(name, reason=reason) for name, reason in zip(names, reasons, strict=True)]
    (matter,) = stands(*each, together(*names)).matters
    assert matter.what == (
        "5 of 14 hosts failed together: 1 held (storm), 1 held (no-reserve), 1 held (maintenance), 2 otherwise"
    )


@pytest.mark.parametrize("word", ["pdu-3", "pdu/pdu-3", "domain/pdu/pdu-3", "c2", "host/c2"])
def test_a_blast_is_explained_by_its_domain_and_by_each_of_its_hosts(word: str) -> None:
    joined = Decided(BrokerTime(1), 1, together(*HOSTS))
    assert about([joined], word) == [joined]
    assert about([joined], "c9") == about([joined], "pdu") == []


def test_a_host_is_explained_by_its_own_verdicts_and_by_what_joins_them() -> None:
    own, joined = Decided(BrokerTime(1), 1, held("c1")), Decided(BrokerTime(2), 2, together(*HOSTS))
    assert about([own, joined], "c1") == about([own, joined], "host/c1") == [own, joined]


def test_it_is_told_in_a_sentence_and_on_a_page() -> None:
    verdict = together(*HOSTS)
    sentence = "alert pdu/pdu-3 (failed-together): 3 of 14 hosts; of rack/r1 3 of 20"
    assert narrate_verdict(verdict) == sentence
    over = replace(verdict, verb=Verb.WITHDRAW, hosts=())
    assert narrate_verdict(over) == "withdraw pdu/pdu-3 (failed-together)"
    shown = [_text(line) for line in page([Decided(BrokerTime(1), 1, verdict)], "pdu-3")]
    assert shown[-1] == "  hosts     c1, c2, c3" and not any("evidence" in line for line in shown)
    many = replace(verdict, hosts=tuple(f"c{n:02}" for n in range(23)))
    assert _text(page([Decided(BrokerTime(1), 1, many)], "pdu-3")[-1]).endswith("c19 and 3 more")
    assert as_json(Decided(BrokerTime(1), 1, verdict), "pdu-3")["hosts"] == list(HOSTS)


def _text(line: Line) -> str:
    parts = (line,) if isinstance(line, str) else line
    return "".join(part if isinstance(part, str) else part.text for part in parts)


def test_a_domain_has_a_name_of_its_own() -> None:
    assert (PDU.name, PDU.title, PDU.host, PDU.why_misnamed()) == (
        "domain/pdu/pdu-3",
        "pdu/pdu-3",
        "",
        "",
    )
    assert Subject(kind=Kind.DOMAIN).why_misnamed() == "a domain that has no name"
