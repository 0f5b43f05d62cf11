"""Words of stories about guests, processes and those who tell of them: each says what it did, and does it."""

from pathlib import Path

import pytest

from kasugai.sim.lab.grammar import BadScenario, read
from kasugai.sim.lab.runner import Run, play

STORY = """\
A story of a few words.

It stands for itself.

cloud
  segment rack1   disarmed {policy}
  host cmp1       runs web1 web2
  host cmp2
  {cloud}

script
  {script}
  1m    end
"""


def told(folder: Path, *script: str, cloud: str = "", policy: str = "") -> Run:
    """Play some lines in a segment that may not act."""
    path = folder / "words.scenario"
    path.write_text(STORY.format(cloud=cloud, policy=policy, script="\n  ".join(script)))
    return play(read(path))


def sentences(run: Run, actor: str = "world") -> list[str]:
    """Return what somebody says in the log."""
    lines = (line.split(maxsplit=2) for line in run.log.split("\n\n")[0].splitlines())
    return [words[2] for words in lines if words[1] == actor]


def first(run: Run) -> str:
    """Return what the census says of cmp1."""
    return run.census.splitlines()[0].strip()


@pytest.mark.parametrize(
    ("word", "said", "census"),
    [
        ("crash web1", "web1 dies on its hypervisor", "web1(stopped) web2"),
        ("crash web1 web2 unreported", "web1 web2 dies on its hypervisor", "web1(stopped) web2(stopped)"),
        ("stall web1", "web1 stands still, for its disk fails", "web1 web2"),
        ("task of web1 is image_uploading", "web1's task is image_uploading", "web1(image_uploading) web2"),
        ("report instance web1 failed", "web1 of cmp1 is reported: failed", "web1 web2"),
        ("user pauses web1", "a user pauses web1", "web1(paused) web2"),
        ("user shelves web1", "a user shelves web1", "web2"),
        ("user reboots web1 hard", "a user reboots web1 hard", "web1 web2"),
        ("user locks web1", "a user locks web1", "web1 web2"),
        ("user unpauses web1", "user unpauses web1: 409 Cannot", "web1 web2"),
        ("process libvirtd stops on cmp1", "libvirtd of cmp1 stops", "web1 web2"),
        (
            "process nova-compute stops on cmp1 unreported",
            "nova-compute of cmp1 stops, which nobody reports",
            "web1 web2",
        ),
        ("boot cmp1", "cmp1 says that it has booted", "web1 web2"),
    ],
)
def test_a_word_says_what_it_does_and_does_it(tmp_path: Path, word: str, said: str, census: str) -> None:
    run = told(tmp_path, f"10s {word}")
    assert [each.startswith(said) for each in sentences(run)] == [True]
    assert first(run) == f"cmp1: on  {census}"


@pytest.mark.parametrize(
    ("word", "heard"),
    [
        ("crash web1", ["hold instance/web1 (disarmed)"]),
        ("crash web1 unreported", []),
        ("stall web1", ["hold instance/web1 (disarmed)"]),
        ("stall web1 unreported", []),
        ("report instance web1 io-error", ["hold instance/web1 (disarmed)"]),
        ("report instance web1 shut-down", ["ignore instance/web1 (cleared)"]),
        (
            "report instance 5b8e1c1e-3f0a-4d0e-8a55-2f0c7be4a901 failed of=cmp1",
            ["hold instance/5b8e1c1e-3f0a-4d0e-8a55-2f0c7be4a901 (disarmed)"],
        ),
        ("report instance nobody failed of=cmp1", []),
        ("alarm instance web1 of cmp1", ["hold instance/web1 (disarmed)"]),
        ("process nova-compute stops on cmp1", ["hold process/cmp1/nova-compute (disarmed)"]),
        ("process libvirtd stops on cmp1", ["ignore process/cmp1/libvirtd (process-noted)"]),
    ],
)
def test_who_watches_a_guest_or_a_process_tells_of_it(tmp_path: Path, word: str, heard: list[str]) -> None:
    assert sentences(told(tmp_path, f"10s {word}"), "correlate") == heard


def test_no_monitor_speaks_on_a_host_without_power(tmp_path: Path) -> None:
    run = told(tmp_path, "10s crash web1", "10s power off cmp1")
    assert sentences(run, "correlate") == []


def test_a_task_ends_when_the_script_says_so(tmp_path: Path) -> None:
    run = told(tmp_path, "10s task of web1 is image_uploading", "20s task of web1 ends")
    assert first(run) == "cmp1: on  web1 web2"


def test_a_process_that_is_back_is_said_to_be(tmp_path: Path) -> None:
    run = told(tmp_path, "10s process nova-compute stops on cmp1", "20s process nova-compute starts on cmp1")
    assert sentences(run, "correlate")[-1] == "withdraw process/cmp1/nova-compute (cleared)"


def test_people_name_guests_and_processes(tmp_path: Path) -> None:
    run = told(
        tmp_path,
        "10s operator holds instance web1",
        "11s operator approves instance web1 hold",
        "12s operator holds process nova-compute of cmp1",
    )
    said = [each.split(":")[0] for each in sentences(run, "correlate")]
    assert said == [
        "hold instance/web1 (command)",
        "approve instance/web1 (command)",
        "hold process/cmp1/nova-compute (command)",
    ]


def test_a_host_says_that_it_is_disabled_and_why(tmp_path: Path) -> None:
    assert (
        first(told(tmp_path, "10s operator disables cmp1")) == "cmp1: on, disabled (maintenance)  web1 web2"
    )
    assert first(told(tmp_path, "10s operator forces down cmp1")) == "cmp1: on  web1 web2"


def test_nova_may_be_kept_from_stopping_what_died(tmp_path: Path) -> None:
    run = told(tmp_path, "10s crash web1", cloud="nova no-sync now")
    assert first(run) == "cmp1: on  web1(not running) web2"


def test_the_policy_has_words_for_guests_and_processes(tmp_path: Path) -> None:
    words = "restart-all=yes restart-budget=2 restart-window=5m restart-then=relocate process-disable= "
    run = told(tmp_path, "10s alarm process nova-compute of cmp1", policy=f"{words}process-quiet=1m")
    assert sentences(run, "correlate") == ["ignore process/cmp1/nova-compute (process-noted)"]


@pytest.mark.parametrize(
    "word",
    [
        "task of web1 begins",
        "report instance web1 sneezed",
        "process libvirtd sleeps on cmp1",
        "user pauses web1 hard",
        "alarm host cmp1 of cmp1",
        "operator holds process nova-compute",
        "crash nobody",
        "boot cmp1 cmp2",
        "stall web1 quietly",
    ],
)
def test_a_slip_is_not_played_as_another_story(tmp_path: Path, word: str) -> None:
    with pytest.raises(BadScenario):
        told(tmp_path, f"10s {word}")
