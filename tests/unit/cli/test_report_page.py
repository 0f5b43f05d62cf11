"""The report's page: it needs nothing but itself, no name becomes markup, and 500 guests are no burden."""

import hashlib
import re
from base64 import b64encode
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from kasugai.cli.exits import Exit, Misused
from kasugai.cli.report import writing
from kasugai.cli.report.bars import MARKS, Scale
from kasugai.cli.report.page import page
from kasugai.core.telling.incident_views import Seen, fold
from kasugai.core.telling.left import MEANINGS, OTHERWISE, meaning_of
from kasugai.core.telling.report import report
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verdict
from kasugai.schemas.meanings import meaning
from tests.support.big_incident import big_incident
from tests.support.hostile import HOSTILE, betrayed, poisoned
from tests.support.incidents import NAMES, SEGMENT, START
from tests.support.sources import REPO
from tests.support.stories import records_of

VOID = {"meta", "br"}
LIMIT = 2_000_000
MARKUP = "\"><b>bold</b>&amp;<i x='1'>"


class Page(HTMLParser):
    """Reads a page as a browser does: its elements by name, their attributes, and the text that people see."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.names: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.ours: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == [], "an element was not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in ("style", "script"):
            self.ours[self._open[-1]] = data
        else:
            self.text += data

    def of(self, name: str) -> list[str]:
        """Return the values of an attribute."""
        return [value for key, value in self.attributes if key == name]


def plain(sentence: str) -> str:
    """Return a sentence as it is read: what stands between backticks is shown as code."""
    return sentence.replace("`", "")


def drawn(records: tuple[Seen, ...], place: int = 0) -> str:
    now = max(record.at for record in records) + 1000
    return page(report(fold(records)[place], records, NAMES, now))


@pytest.mark.parametrize(
    "name",
    [
        "host-loses-power",
        "no-fence-device",
        "operator-holds-then-approves",
        "states-of-guests",
        "a-guest-crashes",
    ],
)
def test_a_story_is_told_with_its_reasons_in_words(name: str) -> None:
    records = records_of(name)
    found = Page(drawn(records))
    document = report(fold(records)[0], records, NAMES, 0)
    assert all(plain(meaning(no.reason)) in found.text for no in document.noes)
    assert all(plain(meaning_of(word)) in found.text for _, word in document.left)
    for heading in ("Timeline", "Evidence", "Each no, and why", "Who did what", "The ledger's chain"):
        assert heading in found.text
    assert document.headline.failed.text in found.text and document.headline.next in found.text
    assert all(line.sentence in found.text for line in document.lines)
    assert len(found.of("id")) == len(set(found.of("id")))


def test_the_page_needs_nothing_from_elsewhere_and_lets_nothing_in() -> None:
    text = drawn(records_of("host-loses-power"))
    found = Page(text)
    assert found.of("src") == [] and set(found.of("href")) == {"#timeline"}
    assert not re.search(r"url\(|@import|@font-face|https?:", text)
    (policy,) = [value for value in found.of("content") if "default-src" in value]
    assert policy.startswith("default-src 'none'")
    for what, directive in (("style", "style-src"), ("script", "script-src")):
        digest = b64encode(hashlib.sha256(found.ours[what].encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy
    assert not [name for name, _ in found.attributes if name.startswith("on") or name == "style"]


def test_no_name_becomes_markup() -> None:
    records = big_incident(6, stuck=2)
    plain = Page(drawn(records))
    bad = Page(drawn(tuple(poisoned(each, MARKUP, but=frozenset({SEGMENT})) for each in records)))
    assert bad.names == plain.names
    assert {name for name, _ in bad.attributes} == {name for name, _ in plain.attributes}
    assert "shop-000" + MARKUP in bad.text and "host/cmp2" + MARKUP in bad.text


def test_what_a_reader_would_not_see_is_an_escape() -> None:
    records = tuple(poisoned(each, HOSTILE, but=frozenset({SEGMENT})) for each in big_incident(3))
    text = drawn(records)
    assert betrayed(text) == set() and "\\u202e" in text
    text.encode("utf-8")


def test_500_guests_fit_into_2_mb_and_those_that_are_not_back_come_first() -> None:
    text = drawn(big_incident(500, stuck=7))
    assert len(text.encode()) < LIMIT
    found = Page(text)
    assert found.names.count("rect") > 1500
    assert found.text.index("7 guests not back") < found.text.index("493 guests back")
    assert "Not back: shop-493, shop-494" in found.text


def test_500_guests_with_the_longest_names_fit_too() -> None:
    longest = tuple(poisoned(each, "x" * 240, but=frozenset({SEGMENT})) for each in big_incident(500))
    assert len(drawn(longest).encode()) < LIMIT


def test_long_sections_are_folded_and_short_ones_are_not() -> None:
    assert Page(drawn(big_incident(3))).names.count("details") == len(Page(drawn(big_incident(3))).of("open"))
    assert len(Page(drawn(big_incident(200))).of("open")) < 3


def test_an_incident_that_is_not_over_says_so() -> None:
    found = Page(drawn(records_of("no-fence-device", until=600.0)))
    assert "act: something waits for a person" in found.text
    assert "kasugai incident approve cmp1 --limit fence" in found.text
    assert any("…" in label for label in found.of("aria-label"))
    moving = records_of("slow-to-spawn", until=60.0)
    assert "not yet" in Page(drawn(moving)).text


def test_a_suspicion_without_an_incident_has_a_page_too() -> None:
    found = Page(drawn(records_of("in-maintenance", until=60.0)))
    assert "is suspected of having failed" in found.text and "none was opened" in found.text


def test_what_was_called_and_lost_its_answer_says_so() -> None:
    found = Page(drawn(records_of("one-nova-timeout")))
    assert "no answer by" in found.text and "nothing was called" in found.text


def test_a_vouch_names_who_vouched() -> None:
    found = Page(drawn(records_of("person-vouches-for-a-host-without-a-device")))
    assert "vouched: fence cmp1" in found.text and "on the word of ann" in found.text


@pytest.mark.parametrize("seconds", [0, 1, 7, 90, 1800, 86_400 * 3])
def test_a_scale_has_few_marks_and_holds_every_time(seconds: int) -> None:
    scale = Scale(BrokerTime(START), BrokerTime(START + seconds * 1000))
    marks = list(scale.marks())
    assert 1 <= len(marks) <= MARKS + 1 and marks[0] == (0.0, "0s")
    assert (scale.place(BrokerTime(START - 5)), scale.place(BrokerTime(START + 10**12))) == (0.0, 100.0)


def test_every_word_for_a_guest_that_is_left_has_a_sentence() -> None:
    from kasugai.core.recovering.choosing import IN_ERROR, NOT_MARKED
    from kasugai.core.recovering.states import UNKNOWN_STATE, VM_STATES
    from kasugai.core.recovering.steps.live_migrate import NOT_RUNNING
    from kasugai.core.words.plan import LOCAL_DISK

    source = (REPO / "core" / "recovering" / "choosing.py").read_text()
    excluded = set(re.findall(r'"(excluded-[a-z-]+)"', source))
    states = {each.why for each in VM_STATES.values() if each.why}
    assert set(MEANINGS) == excluded | states | {IN_ERROR, NOT_MARKED, NOT_RUNNING, LOCAL_DISK}
    assert meaning_of(f"{UNKNOWN_STATE}new") == OTHERWISE


def test_a_word_of_a_newer_kasugai_is_told_as_it_was_said() -> None:
    first, *others = big_incident(2)
    assert isinstance(first.value, Verdict)
    newer = (replace(first, value=replace(first.value, reason=Reason.heard("brand-new"))), *others)
    found = Page(drawn(newer))
    assert "brand-new" in found.text and "a word of a newer Kasugai" in found.text


def luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("place", [0, 1, 2], ids=["light", "dark", "print"])
def test_words_and_bars_stand_out_from_their_ground(place: int) -> None:
    """As WCAG 2 asks: 4.5 for words, 3 for what is drawn. Paper has the day's colours but for those that it names."""
    css = (REPO / "cli" / "report" / "page.css").read_text()
    _, *blocks = (dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", part)) for part in css.split(":root {"))
    colours = blocks[0] | blocks[place]
    assert set(blocks[1]) == set(blocks[0])
    assert re.findall(r"@media (.*) \{\n  :root", css) == ["screen and (prefers-color-scheme: dark)", "print"]
    for ground in ("ground", "panel"):
        for name in ("text", "faint", "act", "coming", "note", "well"):
            assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)
        for name in ("detect", "decide", "fence", "move", "prove"):
            assert contrast(colours[name], colours[ground]) >= 3, (name, ground)


def test_the_page_is_written_where_somebody_says_and_nobody_else_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def read(_: object) -> tuple[list[Seen], dict[str, str]]:
        return list(big_incident(2)), NAMES

    monkeypatch.setattr(writing, "_read", read)
    monkeypatch.chdir(tmp_path)
    assert writing.write(None, "cmp1", None) is Exit.OK  # type: ignore[arg-type]
    assert capsys.readouterr().out == "kasugai-7f3ca1b2.html\n"
    text = (tmp_path / "kasugai-7f3ca1b2.html").read_text()
    assert (tmp_path / "kasugai-7f3ca1b2.html").stat().st_mode & 0o007 == 0
    assert writing.write(None, "cmp1", "-") is Exit.OK  # type: ignore[arg-type]
    assert re.sub(r"This page was made.*?</dd>", "", capsys.readouterr().out) == re.sub(
        r"This page was made.*?</dd>", "", text
    )
    with pytest.raises(Misused, match=r"gone/x.html: cannot be written .*--to FILE"):
        writing.write(None, "cmp1", "gone/x.html")  # type: ignore[arg-type]
