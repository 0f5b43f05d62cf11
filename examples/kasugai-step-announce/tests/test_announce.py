"""The step goes through the sweep that Kasugai's own steps go through: workers die everywhere, records come twice."""

import tempfile
from pathlib import Path

from kasugai_step_announce import Announce

from kasugai.testing import sweep


class Trial:
    """One play: the file is the world, and outlives every worker."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._file = Path(self._folder.name) / "announced"
        self.step = Announce()
        self.step._file = self._file

    def wrong(self) -> str:
        lines = self._file.read_text().splitlines() if self._file.exists() else []
        return "" if len(lines) == 1 else f"announced {len(lines)} times: {lines}"


def test_it_announces_once_wherever_a_worker_dies() -> None:
    assert sweep(Trial) == ()


def test_also_before_everything_else() -> None:
    assert sweep(Trial, when="before") == ()
