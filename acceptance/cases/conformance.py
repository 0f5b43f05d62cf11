"""The suite of the `Cloud` port (tests/conformance/cloud) on the real services: the cases that the simulator plays."""

from collections.abc import Iterator, Mapping
from contextlib import chdir
from types import MappingProxyType

import pytest

from acceptance.ours import Ours
from acceptance.results import Result, Verdict, told
from acceptance.stack.layout import HOSTS, REPO
from acceptance.stack.stack import Stack
from acceptance.town import Town
from tests.conftest import BROUGHT
from tests.support import scenes

SUBJECT = "Cloud port"
SUITE = "tests/conformance/cloud"
NOT_HERE: Mapping[str, str] = MappingProxyType(
    {
        "test_an_age_is_by_novas_own_clock": "nobody winds the clock of this machine",
        "test_a_shelved_guest_is_on_no_host": "the Glance here takes no image",
        "test_a_guest_that_boots_from_a_volume_has_no_image": "there is no Cinder",
    }
)
"""Cases that cannot be played here, and why; the real code in one process plays them."""


def run(stack: Stack, ours: Ours) -> Iterator[Result]:
    """Play every case that is played on a real Nova."""
    (spare,) = set(HOSTS) - set(scenes.HOSTS)
    stack.remove_compute(spare)
    for name, reason in NOT_HERE.items():
        yield told(_result(name, Verdict.NOT_HERE, 0.0, reason))
    left_out = [f"--deselect={SUITE}/{_file_of(name)}::{name}" for name in NOT_HERE]
    quiet = "-Wignore::pytest.PytestAssertRewriteWarning"  # of what this run has imported before
    options = [
        "-q",
        "--tb=short",
        quiet,
        "-p",
        "no:cacheprovider",
        "-k",
        "real",
        f"--rootdir={REPO}",
        "--timeout=180",
    ]
    words = [*options, *left_out, SUITE]
    heard = _Heard(Town(stack))
    with chdir(REPO):
        pytest.main(words, plugins=[heard])
    yield from heard.results
    if not heard.results:
        yield told(_result("the suite", Verdict.FAILED, 0.0, "no case was played"))
    stack.add_compute(spare)


def _file_of(name: str) -> str:
    """Return the file of the suite in which a case is."""
    files = sorted((REPO / SUITE).glob("test_*.py"))
    return next(file.name for file in files if f"def {name}(" in file.read_text())


class _Heard:
    """A plugin of pytest's: it brings the stack, and hears what each case came to."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self.results: list[Result] = []

    def pytest_configure(self, config: pytest.Config) -> None:
        config.pluginmanager.register(self._town, BROUGHT)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = report.nodeid.rpartition("::")[2].replace("[real Nova]", "").replace("real Nova-", "")
        if report.when == "call" or report.failed:
            verdict = Verdict.OK if report.passed else Verdict.FAILED
            lines = [line for line in str(report.longreprtext).splitlines() if line.startswith("E ")]
            said = lines[0].removeprefix("E").strip() if lines else report.outcome
            self.results.append(told(_result(name, verdict, report.duration, said)))


def _result(case: str, verdict: Verdict, seconds: float, said: str) -> Result:
    case = case.removeprefix("test_").replace("_", " ")
    return Result(subject=SUBJECT, case=case, verdict=verdict, seconds=seconds, said=said)
