"""What is known about one host: how it stands, and whether it would be recovered, also where nothing ever happened."""

from dataclasses import replace

import pytest

from kasugai.core.telling.about import narrate_protection, narrate_standing, remembered, standing_of
from kasugai.core.telling.incident_views import Record, Seen
from kasugai.core.telling.numbers import Standing
from kasugai.core.telling.protection import Unprotected
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import UNKNOWN_SEGMENT
from kasugai.core.words.subject import host_subject, segment_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb
from tests.support.incidents import MIDWAY, SEGMENT, START, decided

RACK = SegmentRecord(segment_id=SEGMENT, name="rack1")
HOSTS = tuple(HostRecord(host_uuid=name, name=name, segment_id=SEGMENT) for name in ("cmp1", "cmp2"))
NOW = START + 60_000
DISARM = replace(
    decided(Verb.DISARM, Reason.COMMAND, None, "ann: the switch"), subject=segment_subject("rack1")
)


def stands(host: str, *values: Record, segment: SegmentRecord = RACK) -> Standing | None:
    seen = [Seen(BrokerTime(START + 1000 * offset), offset, value) for offset, value in enumerate(values)]
    return standing_of(host, remembered(seen, host), [segment], HOSTS, NOW)


def test_a_host_to_which_nothing_happened_is_protected_and_nothing_is_known_against_it() -> None:
    found = stands("cmp2", *MIDWAY)
    assert found is not None and found.unprotected is None
    assert narrate_standing(found, has_words=False) == (
        "cmp2 in segment rack1 is in-service, and nothing is known against it"
    )
    assert narrate_protection(found).startswith("protected: if it failed now, it would be recovered")


@pytest.mark.parametrize(
    ("values", "segment", "why"),
    [
        ((), replace(RACK, armed=False), Unprotected.DISARMED),
        ((DISARM,), RACK, Unprotected.DISARMED),
        (MIDWAY, RACK, Unprotected.IN_RECOVERY),
        ((decided(Verb.HOLD, Reason.STORM, None),), RACK, Unprotected.HELD),
    ],
)
def test_one_that_would_not_be_recovered_says_why(
    values: tuple[Record, ...], segment: SegmentRecord, why: Unprotected
) -> None:
    found = stands("cmp1", *values, segment=segment)
    assert found is not None and found.unprotected is why
    assert narrate_protection(found) == f"not protected ({why})"
    assert narrate_standing(found, has_words=True) == f"cmp1 in segment rack1 is {found.state}"


def test_a_host_that_no_segment_has_is_known_by_the_faults_about_it() -> None:
    unknown = replace(
        decided(Verb.IGNORE, Reason.UNKNOWN_SUBJECT, None),
        subject=host_subject("cmp9"),
        segment=UNKNOWN_SEGMENT,
    )
    found = stands("cmp9", unknown)
    assert found is not None and found.unprotected is Unprotected.NO_SEGMENT
    assert narrate_standing(found, has_words=True) == "cmp9 in no segment is unknown"
    assert stands("cmp8", unknown) is None
