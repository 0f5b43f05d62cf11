"""Words of the scenario language about a Nova that does what a real one does: each says what it did, and does it."""

from pathlib import Path

import pytest

from kasugai.sim.lab.grammar import BadScenario, read
from kasugai.sim.lab.runner import Run, play

STORY = """\
A story of a few words.

It stands for itself.

cloud
  segment rack1   disarmed
  host cmp1       runs web1 web2
  host cmp2       runs old
  host cmp3
  {cloud}

script
  10s   power off cmp1
  11s   {first}
  75s   operator evacuates web1
  {second}
  5m    end
"""


def told(folder: Path, *, cloud: str = "", first: str, second: str = "76s end") -> Run:
    path = folder / "words.scenario"
    path.write_text(STORY.format(cloud=cloud, first=first, second=second).replace("  76s end\n", ""))
    return play(read(path))


def sentences(run: Run) -> list[str]:
    """Return what the world says of itself, without the power."""
    lines = [line.split("world      ", 1)[1] for line in run.log.splitlines() if "world      " in line]
    return [line for line in lines if line != "cmp1 loses power"]


CALLED = "an operator evacuates web1"


@pytest.mark.parametrize(
    ("word", "said", "census"),
    [
        ("nova scheduler away for 10m", "nova's scheduler is away for 10m", "cmp1: off  web1(rebuild) web2"),
        ("nova conductor away for 10m", "nova's conductor is away for 10m", "cmp1: off  web1(rebuild) web2"),
        (
            "nova answers 500 to evacuate",
            "nova's next answer to evacuate is 500",
            "cmp1: off  web1(rebuild) web2",
        ),
        ("user deletes web2", "a user deletes web2", "cmp1: off  web2(deleting)"),
        ("capacity of cmp3 is 9", "cmp3 has room for 9", "cmp1: off  web2"),
    ],
)
def test_a_blow_says_what_it_does_and_does_it(tmp_path: Path, word: str, said: str, census: str) -> None:
    run = told(tmp_path, first=word)
    refused = "operator evacuates web1: 500 Unexpected API Error."
    assert sentences(run) == [said, refused if "500" in word else CALLED]
    assert run.census.splitlines()[0].strip() == census


def test_members_of_a_group_end_on_different_hosts(tmp_path: Path) -> None:
    run = told(tmp_path, cloud="group apart web1 old", first="capacity of cmp3 is 1")
    assert run.census.splitlines()[2].strip() == "cmp3: on  web1"


def test_a_resized_guest_is_kept_from_where_it_came_from(tmp_path: Path) -> None:
    run = told(
        tmp_path,
        cloud="guest web1 error from=cmp3",
        first="capacity of cmp3 is 200",
        second="76s power on cmp1",
    )
    assert "Cannot 'evacuate'" in sentences(run)[1]
    assert run.census.splitlines()[0].strip() == "cmp1: on  web1(resized) web2(not running)"


@pytest.mark.parametrize(("cloud", "has_landed"), [("", True), ("nova convoy now", False)])
def test_a_convoy_needs_turns(tmp_path: Path, cloud: str, has_landed: bool) -> None:
    """A second after the call one guest is there, unless its destination works in turns."""
    run = told(tmp_path, cloud=cloud, first="capacity of cmp2 is 0", second="76.03s power off cmp3")
    assert (run.census.splitlines()[2].strip() == "cmp3: off  web1") == has_landed


def test_a_group_of_strangers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadScenario, match="no guest 'nobody'"):
        told(tmp_path, cloud="group apart web1 nobody", first="user stops web2")
