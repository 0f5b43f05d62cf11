"""A word that a host has been fenced is one witness until its sender is trusted and while nothing contradicts it."""

from dataclasses import replace
from typing import Any

import pytest

from kasugai.core.deciding import evidence, testimony
from kasugai.core.deciding.rows import Condition
from kasugai.core.words.facts import FactKind, Result
from kasugai.core.words.incident import Open
from kasugai.core.words.policy import Fencing, Policy
from kasugai.core.words.signals import ASSERT_RULE, Command, Fault, Instruction, Limit, Source
from kasugai.core.words.timing import BrokerTime, Millis
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import S, alive, condition, down, fact, moment, report, row, segment
from tests.unit.core.story import START, Story, answer, bid


def heard(said: Fault, *conditions: Condition, at: int = 9 * S, **about: Any) -> Condition:
    before = replace(row(conditions=conditions), **about)
    return next(c for c in testimony.note(before, said, moment(at), ()).conditions if c.observer == "api")


def vetoed(story: Story, reason: Reason) -> list[str]:
    return story.hear(answer(fact(FactKind.VETOED, reason=reason), story))


def held(story: Story, reason: Reason, **given: Any) -> list[str]:
    return story.hear(answer(fact(FactKind.HELD, reason=reason, **given), story))


def opened(story: Story) -> Open:
    return story.opens[-1]


def test_a_word_of_a_sender_that_no_rule_trusts_is_one_witness() -> None:
    story = Story()
    assert story.write(report(trusted=False)) == ["suspect cmp1 (first-sighting)"]
    detail = story.post.verdicts[-1].detail
    assert detail.startswith("'fenced' by api counts as one witness") and ASSERT_RULE in detail
    assert story.write(down(Source.PEER)) == ["suspect cmp1 (waiting-to-confirm)"]
    assert story.wait(10) == ["open cmp1 (confirmed)"]
    assert (opened(story).asserted_at, opened(story).confirmed_at) == (None, opened(story).confirmed_at)
    assert opened(story).confirmed_at is not None


def test_a_doubt_that_only_a_newer_version_knows_is_told_by_its_word() -> None:
    word = replace(heard(report()), doubt=Reason.heard("sender-retired"))
    assert evidence.doubts((word,), Policy()) == "'fenced' by api counts as one witness: sender-retired"


def test_a_segment_may_trust_nobody_and_says_so() -> None:
    story = Story(policy=Policy(trust_assertions=False))
    assert story.write(report()) == ["suspect cmp1 (first-sighting)"]
    assert "trust-assertions: no" in story.post.verdicts[-1].detail


def test_a_word_about_an_open_incident_says_why_it_is_no_assertion() -> None:
    story = Story()
    story.write(report())
    story.write(down(Source.REPORTED, "r2", observer="cli", asserted=True, trusted=False))
    assert "'fenced' by cli counts as one witness" in story.post.verdicts[-1].detail


@pytest.mark.parametrize(
    ("said", "lived", "doubt"),
    [(5 * S, 4 * S, None), (5 * S, 5 * S, None), (5 * S, 6 * S, Reason.SIGN_OF_LIFE)],
)
def test_a_sign_of_life_that_is_later_than_the_word_contradicts_it(
    said: int, lived: int, doubt: Reason | None
) -> None:
    word = replace(report(), said_at=BrokerTime(said))
    assert heard(word, alive=moment(lived)).doubt is doubt


def test_a_sign_of_life_is_as_old_as_its_own_record() -> None:
    said = replace(alive(), said_at=BrokerTime(3 * S))
    assert testimony.note(row(), said, moment(9 * S), ()).alive == replace(
        moment(9 * S), at=BrokerTime(3 * S)
    )


def test_an_untrusted_word_does_not_displace_a_trusted_one_and_a_trusted_one_displaces_it() -> None:
    trusted, untrusted = heard(report()), heard(report(trusted=False))
    assert heard(report("r2", trusted=False), trusted) == trusted
    assert heard(report("r2"), untrusted).doubt is None
    assert heard(report("r2", trusted=False), replace(trusted, explained=True)).doubt is not None


def test_only_a_word_that_is_believed_counts_as_a_fence() -> None:
    word = condition(Source.REPORTED, asserted=True, vouched_at=BrokerTime(7))
    doubted = replace(word, doubt=Reason.NOVA_FRESH)
    assert evidence.asserted_at((word,), Policy()) == 7
    assert evidence.asserted_at((doubted,), Policy()) is None
    assert evidence.weigh((doubted,), Policy(), moment(9 * S).steady) is Reason.FIRST_SIGHTING


def test_only_words_up_to_the_one_that_was_contradicted_are_doubted() -> None:
    old, new = (condition(Source.REPORTED, asserted=True, vouched_at=BrokerTime(at)) for at in (5, 6))
    plain = condition()
    assert [c.doubt for c in evidence.doubted((old, new, plain), Reason.POWER_ON, BrokerTime(5))] == [
        Reason.POWER_ON,
        None,
        None,
    ]


@pytest.mark.parametrize("reason", [Reason.NOVA_FRESH, Reason.POWER_ON])
def test_an_incident_that_stands_on_a_contradicted_word_alone_ends(reason: Reason) -> None:
    story = Story()
    story.write(report())
    assert vetoed(story, reason) == [f"veto cmp1 ({reason})", f"stop cmp1 ({reason})"]
    end = answer(fact(FactKind.FINISHED, result=Result.WITHDRAWN, reason=Reason.NOTHING_DONE), story)
    assert story.hear(end) == ["close cmp1 (nothing-done)", "suspect cmp1 (first-sighting)"]
    assert story.write(report("r2"), at=9) == ["open cmp1 (asserted)"], "a later word is taken"


def test_an_incident_that_stands_on_witnesses_too_is_looked_at_again_without_the_word() -> None:
    story = Story()
    story.write(report())
    story.write(down(Source.PEER))
    story.wait(6)
    assert vetoed(story, Reason.NOVA_FRESH) == ["veto cmp1 (nova-fresh)"]
    assert story.wait(12) == ["reopen cmp1 (back-off-over)"]
    assert opened(story).asserted_at is None and opened(story).confirmed_at is not None


def test_a_veto_for_another_reason_contradicts_no_word() -> None:
    story = Story()
    story.write(report())
    assert vetoed(story, Reason.DECISION_STALE) == ["veto cmp1 (decision-stale)"]
    assert story.wait(6) == ["reopen cmp1 (back-off-over)"] and opened(story).asserted_at is not None


def test_witnesses_are_not_doubted_by_a_veto() -> None:
    story = confirmed()
    assert vetoed(story, Reason.NOVA_FRESH) == ["veto cmp1 (nova-fresh)"]


def confirmed(**policy: Any) -> Story:
    story = Story(policy=Policy(**policy))
    story.write(down(Source.PEER))
    story.write(down(Source.CLUSTER))
    story.wait(5)
    return story


def watched(story: Story, seconds: int) -> list[str]:
    """Let time pass while the witnesses repeat themselves."""
    said = []
    for _ in range(seconds // 10):
        said += story.wait(story.seconds + 10)
        said += story.write(down(Source.PEER)) + story.write(down(Source.CLUSTER))
    return said


def vouch(number: int = 1) -> Any:
    return bid(Instruction.APPROVE, number, host="cmp1", limit=Limit.FENCE)


def test_a_person_vouches_for_a_host_that_nothing_proves_to_be_off() -> None:
    story = confirmed()
    held(story, Reason.NO_FENCE_DEVICE)
    assert story.write(vouch(), at=20) == [
        "approve cmp1 (command): ann: why not",
        "reopen cmp1 (command)",
    ]
    assert (opened(story).vouched_by, opened(story).asserted_at) == ("ann", BrokerTime(START + 20 * S))
    assert story.write(vouch(2), at=30)[0] == "approve cmp1 (command): ann: why not"
    row = story.row()
    assert row.vouch is not None and row.vouch.at.at == START + 30 * S, "a newer word replaces the older"


def test_nobody_vouches_for_a_host_without_an_incident() -> None:
    story = Story()
    assert story.write(vouch()) == ["refuse cmp1 (nothing-to-approve): approve by ann: why not"]


def test_a_word_that_comes_while_a_worker_is_at_it_counts_five_seconds_after_the_hold() -> None:
    story = confirmed()
    assert story.write(vouch()) == ["approve cmp1 (command): ann: why not"]
    held(story, Reason.NO_FENCE_DEVICE)
    assert story.wait(story.seconds + 6) == ["reopen cmp1 (back-off-over)"]
    assert opened(story).vouched_by == "ann"


def test_a_persons_word_ends_with_a_sign_of_life_a_contradiction_or_the_recovery() -> None:
    def after(end: Any) -> Story:
        story = confirmed()
        held(story, Reason.NO_FENCE_DEVICE)
        story.write(vouch())
        end(story)
        return story

    lived = after(lambda story: story.write(alive()))
    contradicted = after(lambda story: vetoed(story, Reason.NOVA_FRESH))
    over = after(lambda story: story.hear(answer(fact(FactKind.FINISHED, result=Result.RECOVERED), story)))
    assert [story.row().vouch for story in (lived, contradicted, over)] == [None] * 3
    assert after(lambda story: vetoed(story, Reason.DECISION_STALE)).row().vouch is not None


def test_a_persons_word_serves_one_incident() -> None:
    story = confirmed(attempts=1)
    held(story, Reason.NO_FENCE_DEVICE)
    story.write(vouch())
    story.hear(
        answer(fact(FactKind.FINISHED, result=Result.FAILED, reason=Reason.PARTIAL, effects=True), story)
    )
    assert story.write(bid(Instruction.RETRY, 2, host="cmp1"))[-1] == "reopen cmp1 (command)"
    assert opened(story).vouched_by == ""


def test_a_person_vouches_on_one_witness_and_not_on_none() -> None:
    story = Story(policy=Policy(trust_assertions=False))
    story.write(report())
    assert story.write(vouch(), at=20)[-1] == "open cmp1 (vouched)"
    assert opened(story).vouched_by == "ann"
    lived = Story()
    lived.write(down(Source.PEER))
    lived.write(alive())
    assert lived.write(vouch()) == ["refuse cmp1 (nothing-to-approve): approve by ann: why not"]


def test_a_persons_word_ends_when_nothing_speaks_against_the_host_any_more() -> None:
    story = Story()
    story.write(bid(Instruction.DISARM))
    story.write(down(Source.PEER))
    story.write(vouch(2))
    assert story.opens == [] and story.row().vouch is not None
    story.wait(200)
    assert story.row().conditions == () and story.row().vouch is None


def test_a_persons_word_is_as_old_as_its_own_record() -> None:
    story = confirmed()
    held(story, Reason.NO_FENCE_DEVICE)
    story.write(replace(vouch(), said_at=BrokerTime(START + 7 * S)), at=20)
    assert opened(story).asserted_at == START + 7 * S


@pytest.mark.parametrize("reason", [Reason.SOURCE_RETURNED, Reason.POWER_ON])
def test_what_a_host_that_returned_was_vouched_for_by_is_over(reason: Reason) -> None:
    story = confirmed()
    story.write(report())
    held(story, Reason.NO_FENCE_DEVICE)
    story.write(vouch(), at=20)
    held(story, reason, effects=True)
    (word,) = (c for c in story.row().conditions if c.asserted)
    assert (word.doubt, story.row().vouch) == (reason, None)


def test_a_word_that_was_contradicted_does_not_wait_for_another_sign() -> None:
    word = replace(heard(report()), doubt=Reason.NOVA_FRESH)
    untrusted = replace(word, doubt=Reason.SENDER_NOT_TRUSTED)
    over = moment(9 * S + evidence.EXPIRY).steady
    assert evidence.expire((word, untrusted), over) == (untrusted,)
    alone = moment(9 * S + evidence.REPORT_STANDS).steady
    assert evidence.expiries((word, untrusted), Policy()) == [over, alone, alone]


def test_a_report_that_is_said_again_has_stood_since_the_first_one() -> None:
    first = heard(report(trusted=False))
    again = heard(report("r2", trusted=False), first, at=60 * S)
    assert (again.episode, again.since) == ("r2", first.since)
    assert heard(report("r3"), replace(first, explained=True), at=60 * S).since == moment(60 * S)


def test_a_hold_for_silence_is_looked_at_again_when_the_wait_may_be_over() -> None:
    story = confirmed(fence=Fencing.NONE)
    assert held(story, Reason.UNFENCED_WAIT) == ["hold cmp1 (unfenced-wait)"]
    agreed = opened(story).confirmed_at
    assert agreed is not None
    assert watched(story, 170) == []
    assert watched(story, 30) == ["reopen cmp1 (back-off-over)"] and opened(story).confirmed_at == agreed
    held(story, Reason.UNFENCED_WAIT)
    assert story.wait(story.seconds + 6) == ["reopen cmp1 (back-off-over)"], "Nova's record moved last"


def test_a_hold_for_a_local_disk_is_looked_at_ever_more_rarely_once_the_wait_is_over() -> None:
    story = Story(policy=Policy(local_wait=Millis(60 * S)))
    story.write(report(), at=0)
    pauses: list[int] = []
    for _ in range(4):
        held(story, Reason.LOCAL_WAIT, effects=True)
        before = story.seconds
        while len(story.opens) == len(pauses) + 1:
            story.tick()
            story.seconds += 0.5
        pauses.append(round(story.seconds - before))
    assert pauses == [66, 6, 10, 20], "the host is on again"


def test_policies_are_those_of_described_segments() -> None:
    story = confirmed(fence=Fencing.NONE)
    assert [policy.fence for policy in story.mailbox.policies()] == [Fencing.NONE]
    story.describe(segment(version=2, deleted=True))
    assert story.mailbox.policies() == []


def said(fault: Fault, second: int) -> Fault:
    """Return a fault whose record Kafka stamped so many seconds after the start."""
    return replace(fault, said_at=BrokerTime(START + second * S))


def test_a_sign_of_life_that_is_older_than_a_word_does_not_contradict_it_however_late_it_is_read() -> None:
    story = Story()
    assert story.write(said(report(), 12), at=20) == ["open cmp1 (asserted)"]
    assert story.write(said(alive(), 11)) == ["explain cmp1 (sign-of-life)"]
    assert not story.incident.stopped and story.row().conditions
    assert story.write(said(alive(episode="a2"), 12)) == ["stop cmp1 (sign-of-life)"], "neither is younger"
    assert not story.row().conditions


def test_a_sign_of_life_ends_every_witness_s_word_for_nobody_knows_when_that_was_said() -> None:
    story = Story()
    story.write(down(Source.PEER), at=20)
    assert story.write(said(alive(), 11)) == ["withdraw cmp1 (sign-of-life)"]


def test_an_older_sign_of_life_does_not_make_a_host_younger() -> None:
    story = Story()
    for second, episode in ((19, "a1"), (12, "a2")):
        story.write(said(alive(episode=episode), second), at=20)
    word = replace(report(), trusted=True)
    assert story.write(said(word, 15)) == ["suspect cmp1 (first-sighting)"]


def vouched(second: int, number: int = 1) -> Command:
    said: Command = vouch(number)
    return replace(said, said_at=BrokerTime(START + second * S))


def test_a_person_s_word_that_is_older_than_a_sign_of_life_is_refused() -> None:
    story = Story()
    story.write(said(alive(), 20), at=20)
    story.write(down(Source.CLUSTER), at=21)
    assert story.write(vouched(19)) == ["refuse cmp1 (sign-of-life): approve by ann: why not"]
    assert story.write(vouched(21, 2))[1:] == ["open cmp1 (vouched)"]


def test_a_person_s_word_that_is_younger_than_a_sign_of_life_outlives_it() -> None:
    story = Story()
    story.write(down(Source.CLUSTER), at=21)
    story.write(said(report(), 21), at=21)
    story.write(vouched(21), at=22)
    story.write(said(alive(), 20), at=23)
    assert story.row().vouch is not None
    story.write(said(alive(episode="a2"), 22), at=24)
    assert story.row().vouch is None


def test_a_word_that_is_refuted_long_after_it_was_said_lies_in_wait_for_nobody() -> None:
    story = Story(armed=False)
    story.write(report(), at=1)
    story.wait(120)
    story.describe(segment(armed=True, version=2))
    assert opened(story).asserted_at == START + S
    vetoed(story, Reason.NOVA_FRESH)
    assert story.row().conditions == ()


def test_a_host_that_lived_in_between_has_failed_anew_and_one_that_was_held_has_not() -> None:
    def resumed(*between: Fault | Command) -> tuple[int, int]:
        story = Story()
        story.write(report(), at=1)
        held(story, Reason.LOCAL_WAIT, effects=True)
        for number, signal in enumerate(between):
            story.write(signal, at=100 * (number + 1))
        assert story.opens[-1].attempt == 2
        return story.opens[0].opened_at - START, story.opens[-1].opened_at - START

    hold = bid(Instruction.HOLD, 1, host="cmp1")
    lifted = bid(Instruction.APPROVE, 2, host="cmp1", limit=Limit.HOLD)
    assert resumed(hold, lifted) == (S, S)
    assert resumed(alive(), report("r2")) == (S, 200 * S)
