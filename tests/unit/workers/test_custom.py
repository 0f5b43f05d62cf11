"""Custom steps at the worker: how they are found, asked and let act, and that nothing they do ends the worker."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from kasugai.core.recovering.look import CustomState, CustomView
from kasugai.sim.lab.grammar import read_text
from kasugai.sim.lab.runner import play
from kasugai.workers import custom
from kasugai.workers.ports import CloudUnsure, CustomStep, NoDoor, StepFailed
from tests.unit.core.makers import order

ORDER = order()
ABOUT: Mapping[str, str] = {}


class Says:
    """A step that says what it is told to, or raises it."""

    def __init__(self, answer: object, raises: BaseException | None = None) -> None:
        self.answer, self.raises = answer, raises
        self.about: Mapping[str, str] = {}

    async def look(self, about: Mapping[str, str]) -> tuple[str, str]:
        self.about = about
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer  # type: ignore[return-value]

    async def act(self, about: Mapping[str, str]) -> None:
        self.about = about
        if self.raises is not None:
            raise self.raises


def asked(answer: object, key: str = "custom-step:dns") -> CustomView:
    steps: dict[str, CustomStep] = {"dns": Says(answer)}
    return asyncio.run(custom.ask(steps, ORDER, [key]))[key]


def test_a_look_tells_the_state_and_a_sentence_and_knows_whom_it_is_about() -> None:
    step = Says(("holds", "all there"))
    seen = asyncio.run(custom.ask({"dns": step}, ORDER, ["custom-step:dns"]))["custom-step:dns"]
    assert (seen.state, seen.detail) == (CustomState.HOLDS, "all there")
    assert step.about["host"] == "cmp1"


def test_nobody_is_asked_for_nothing() -> None:
    assert not asyncio.run(custom.ask({}, ORDER, []))


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (ValueError("no\nsuch zone"), "such zone"),
        (("perhaps", ""), "ValueError: 'perhaps' is not a valid CustomState"),
        (None, "TypeError: cannot unpack non-iterable NoneType object"),
        (SystemExit(3), "SystemExit: 3"),
    ],
)
def test_a_look_that_raises_or_says_what_is_no_state_makes_it_impossible(answer: object, detail: str) -> None:
    seen = asked(answer)
    assert (seen.state, seen.detail) == (CustomState.IMPOSSIBLE, detail)


def test_a_look_without_end_says_for_how_long_it_was_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hangs(Says):
        async def look(self, about: Mapping[str, str]) -> tuple[str, str]:
            await asyncio.Event().wait()
            raise AssertionError

    monkeypatch.setattr(custom, "LOOK", 0.01)
    seen = asyncio.run(custom.ask({"dns": Hangs(None)}, ORDER, ["custom-step:dns"]))["custom-step:dns"]
    assert seen.state is CustomState.IMPOSSIBLE and seen.detail.startswith("its look took longer than ")


def test_what_it_says_is_cut_and_shown_without_controls() -> None:
    seen = asked(("absent", "a\x07" + "b" * 10_000))
    assert "\x07" not in seen.detail and len(seen.detail) < custom.LONGEST + 40


def test_a_step_that_this_worker_does_not_have_says_what_to_install() -> None:
    seen = asked(("holds", ""), "custom-step:mail")
    assert seen.state is CustomState.IMPOSSIBLE and "entry point kasugai.steps" in seen.detail


def test_an_act_that_raises_has_failed_and_novas_words_keep_their_meaning() -> None:
    with pytest.raises(StepFailed, match="KeyError: 'zone'"):
        asyncio.run(custom.act("dns", ABOUT, {"dns": Says(None, KeyError("zone"))}))
    with pytest.raises(StepFailed, match="SystemExit: 3"):
        asyncio.run(custom.act("dns", ABOUT, {"dns": Says(None, SystemExit(3))}))
    with pytest.raises(CloudUnsure):
        asyncio.run(custom.act("dns", ABOUT, {"dns": Says(None, CloudUnsure("lost"))}))
    with pytest.raises(NoDoor, match="'mail'"):
        asyncio.run(custom.act("mail", ABOUT, {"dns": Says(None)}))


@pytest.mark.parametrize(
    ("error", "told"),
    [(asyncio.CancelledError("its own"), "CancelledError: its own"), (SystemExit(2), "SystemExit: 2")],
)
def test_what_would_end_more_than_the_step_ends_the_step(error: BaseException, told: str) -> None:
    """A step that awaits what was cancelled, or calls what exits, ends neither its lane nor the worker."""
    seen = asked(error)
    assert seen.state is CustomState.IMPOSSIBLE and seen.detail.endswith(told)
    with pytest.raises(StepFailed, match=f"{told}$"):
        asyncio.run(custom.act("dns", ABOUT, {"dns": Says(None, error)}))


def test_a_step_that_we_break_off_is_broken_off() -> None:
    class Slow(Says):
        async def act(self, about: Mapping[str, str]) -> None:
            await asyncio.sleep(600)

    async def broken_off() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await custom.act("dns", ABOUT, {"dns": Slow(None)})
        acting = asyncio.create_task(custom.act("dns", ABOUT, {"dns": Slow(None)}))
        await asyncio.sleep(0)
        acting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await acting

    asyncio.run(broken_off())


SLOW_LOOK = """A guest stands still, and a step before its restart takes long to be asked.

Its user reboots it meanwhile.

cloud
  segment rack1   restart-all=yes instance-before=dns
  host cmp1       runs web1
  host cmp2

script
  30s   stall web1
  33s   user reboots web1 hard
  3m    end
"""


def test_nova_is_seen_as_it_is_when_a_step_has_answered() -> None:
    """What its user has restarted while the step was asked is not stopped by what Nova showed before."""

    class Slow(Says):
        async def look(self, about: Mapping[str, str]) -> tuple[str, str]:
            await asyncio.sleep(8)
            return "holds", ""

    log = play(read_text(Path("story"), SLOW_LOOK), custom_steps={"dns": Slow(None)}).log
    assert "its user asked for reboot" in log and "stop web1" not in log


def test_an_error_without_a_word_is_called_by_its_name() -> None:
    assert custom.last_line(RuntimeError()) == "RuntimeError"


GOOD = """
class Step:
    async def look(self, about):
        return "holds", ""
    async def act(self, about):
        pass
"""


def package(folder: Path, name: str, module: str, steps: str) -> None:
    """Lay an installed package out: a module, and its entry points."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_text(module)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[kasugai.steps]\n{steps}\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_the_steps_of_installed_packages_are_found_by_name(site: Path) -> None:
    package(site, "ownsteps_good", GOOD, "dns = ownsteps_good:Step\nmail = ownsteps_good:Step")
    assert set(custom.installed()) == {"dns", "mail"}


@pytest.mark.parametrize(
    ("name", "module", "steps", "told"),
    [
        (
            "ownsteps_raising",
            "import nowhere_at_all",
            "dns = ownsteps_raising:Step",
            "No module named 'nowhere_at_all'",
        ),
        ("ownsteps_leaving", "raise SystemExit(3)", "dns = ownsteps_leaving:Step", "SystemExit: 3"),
        ("ownsteps_lacking", GOOD, "dns = ownsteps_lacking:Other", "has no attribute 'Other'"),
        (
            "ownsteps_half",
            GOOD.replace("async def act", "def act"),
            "dns = ownsteps_half:Step",
            "no coroutine 'act'",
        ),
    ],
)
def test_one_that_cannot_be_used_is_refused_with_its_place(
    site: Path, name: str, module: str, steps: str, told: str
) -> None:
    package(site, name, module, steps)
    with pytest.raises(custom.BadStep, match=told) as refused:
        custom.installed()
    assert name in str(refused.value) and "\n" not in str(refused.value)
    sys.modules.pop(name, None)


def test_two_packages_with_a_step_of_one_name_are_refused(site: Path) -> None:
    package(site, "ownsteps_first", GOOD, "dns = ownsteps_first:Step")
    package(site, "ownsteps_second", GOOD, "dns = ownsteps_second:Step")
    with pytest.raises(custom.BadStep, match="'dns' is brought by two packages"):
        custom.installed()
