"""A word of a newer version is kept as it was said, and is no member of the set."""

from kasugai.core.telling.narrate import narrate_verdict
from kasugai.core.words.verdicts import Reason, Verb
from kasugai.schemas.codec import decode, encode
from kasugai.schemas.meanings import meaning
from kasugai.schemas.plain import from_json, to_json
from tests.support.incidents import decided

NEWER = Reason.heard("moon-phase")


def test_a_known_word_is_its_member() -> None:
    assert Reason.heard("storm") is Reason.STORM
    assert Reason.STORM.is_known


def test_an_unknown_word_says_itself_and_is_no_member() -> None:
    assert (str(NEWER), NEWER.is_known) == ("moon-phase", False)
    assert NEWER not in list(Reason)
    assert Reason.heard("moon-phase") == NEWER


def test_a_verdict_of_a_newer_version_is_read_told_and_passed_on() -> None:
    verdict = decided(Verb.HOLD, NEWER, None)
    assert decode(encode(verdict)) == verdict
    assert from_json(to_json(verdict)) == verdict
    assert narrate_verdict(verdict) == "hold cmp1 (moon-phase)"
    assert meaning(verdict.reason).startswith("a word of a newer Kasugai")
    assert meaning(Reason.STORM) != meaning(NEWER)
