"""The report's page in a real Chromium (`make report-look`): content, console, keyboard, width, and its pictures.

`make test` holds the page to the same content without a browser; this one says what only a browser knows.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kasugai.cli.report.page import page
from kasugai.core.telling.incident_views import Seen, fold
from kasugai.core.telling.report import report
from tests.support.big_incident import big_incident
from tests.support.chromium import Chromium
from tests.support.hostile import poisoned
from tests.support.incidents import NAMES, SEGMENT
from tests.support.sources import REPO

PICTURES = REPO / "docs" / "pictures"
PHONE, DESK = 400, 1280


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with Chromium() as running:
        yield running


@pytest.fixture(autouse=True)
def quiet(browser: Chromium) -> Iterator[None]:
    """Whatever a test shows, nothing is complained about, and nothing is asked of anybody."""
    browser.complaints.clear()
    yield
    assert browser.complaints == []


def written(folder: Path, records: tuple[Seen, ...]) -> Path:
    file = folder / "report.html"
    now = max(record.at for record in records) + 1000
    file.write_text(page(report(fold(records)[0], records, NAMES, now)))
    return file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A host of 12 guests, two of which found no place."""
    return written(tmp_path, big_incident(12, stuck=2))


def test_it_says_what_failed_what_was_done_and_what_is_left(browser: Chromium, file: Path) -> None:
    browser.show(file, width=DESK)
    text = browser.value("document.body.innerText")
    assert "Host cmp1 of segment rack1 failed with 12 guests." in text
    assert "10 of 12 guests went to other hosts" in text and "Not back: shop-010, shop-011." in text
    assert browser.value("document.querySelectorAll('rect').length") > 50


def test_a_script_that_is_not_ours_does_not_run(browser: Chromium, file: Path) -> None:
    """So a name that became markup after all could do nothing; and the console is heard."""
    file.write_text(file.read_text().replace("<main>", "<main><script>document.title = 'theirs'</script>"))
    browser.show(file, width=DESK)
    assert browser.value("document.title") != "theirs"
    assert any("Content Security Policy" in each for each in browser.complaints)
    browser.complaints.clear()


def test_markup_in_names_is_text(browser: Chromium, tmp_path: Path) -> None:
    records = tuple(poisoned(each, "<b>bold</b>", but=frozenset({SEGMENT})) for each in big_incident(3))
    plain = written(tmp_path, big_incident(3))
    browser.show(plain, width=DESK)
    bold = browser.value("document.querySelectorAll('b').length")
    browser.show(written(tmp_path, records), width=DESK)
    assert browser.value("document.querySelectorAll('b').length") == bold
    assert "shop-000<b>bold</b>" in browser.value("document.body.innerText")


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("guests", [24, 500])
def test_nothing_stands_out_at_the_side(browser: Chromium, tmp_path: Path, width: int, guests: int) -> None:
    records = tuple(poisoned(each, "-x" * 60, but=frozenset({SEGMENT})) for each in big_incident(guests))
    browser.show(written(tmp_path, records), width=width)
    browser.press("o")
    assert browser.value("document.documentElement.scrollWidth") <= width
    narrow = "[...document.querySelectorAll('.bar svg')].every(e => e.getBoundingClientRect().width > 100)"
    assert browser.value(narrow)


def test_the_keyboard_reaches_and_folds_everything(browser: Chromium, file: Path) -> None:
    browser.show(file, width=DESK)
    folds = browser.value("document.querySelectorAll('details').length")
    reached = set()
    for _ in range(folds + 4):
        browser.press("Tab")
        reached.add(
            browser.value("document.activeElement.tagName + ' ' + document.activeElement.textContent")
        )
    summaries = browser.value(
        "[...document.querySelectorAll('summary')].map(e => 'SUMMARY ' + e.textContent)"
    )
    assert folds == len(summaries) and set(summaries) <= reached
    assert any(each.startswith("A To the timeline") for each in reached)
    browser.value("document.querySelector('summary').focus()")
    was = browser.value("document.querySelector('details').open")
    browser.press("Enter")
    assert browser.value("document.querySelector('details').open") is not was


def test_what_is_folded_is_on_paper_too(browser: Chromium, tmp_path: Path) -> None:
    browser.show(written(tmp_path, big_incident(200)), width=DESK, media="print", dark=True)
    shown = "[...document.querySelectorAll('details .row')].every(e => e.getBoundingClientRect().height > 0)"
    assert browser.value(shown)
    assert browser.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_it_is_read_by_night_too(browser: Chromium, file: Path) -> None:
    browser.show(file, width=DESK, dark=True)
    assert browser.value("getComputedStyle(document.body).backgroundColor") == "rgb(13, 17, 23)"


def test_its_pictures_are_in_the_docs(browser: Chromium, file: Path) -> None:
    """Drawn anew here; whoever changes the page looks at them."""
    PICTURES.mkdir(exist_ok=True)
    for name, width, dark, media in (
        ("light", DESK, False, ""),
        ("dark", DESK, True, ""),
        ("phone", PHONE, False, ""),
        ("print", 794, False, "print"),
    ):
        browser.show(file, width=width, dark=dark, media=media)
        browser.picture(PICTURES / f"report-{name}.png", height=1400 if width > PHONE else 1800)
    told = (REPO / "docs" / "operators" / "report.md").read_text()
    assert set(re.findall(r"pictures/(report-\w+)\.png", told)) <= {
        each.stem for each in PICTURES.glob("*.png")
    }
