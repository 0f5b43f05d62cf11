"""Runs tests of a package as unittest would, and writes a line of JSON for each: its name, its end, its seconds.

Run by that package's Python: python -P acceptance/inside/run_tests.py FILE MODULE... (what tests print goes to stdout).
"""

import json
import sys
import time
import unittest
from pathlib import Path


class Told(unittest.TextTestResult):
    """Writes each test's end to the file at once."""

    file = Path()

    def startTest(self, test: unittest.TestCase) -> None:
        """Remember when."""
        self._began = time.monotonic()
        super().startTest(test)

    def addSuccess(self, test: unittest.TestCase) -> None:
        """It passed."""
        super().addSuccess(test)
        self._tell(test, "ok", "")

    def addError(self, test: unittest.TestCase, err: object, *args: object, **kwargs: object) -> None:
        """It broke off."""
        super().addError(test, err, *args, **kwargs)  # type: ignore[arg-type]
        self._tell(test, "error", self.errors[-1][1])

    def addFailure(self, test: unittest.TestCase, err: object, *args: object, **kwargs: object) -> None:
        """It failed."""
        super().addFailure(test, err, *args, **kwargs)  # type: ignore[arg-type]
        self._tell(test, "failure", self.failures[-1][1])

    def addSkip(self, test: unittest.TestCase, reason: str, *args: object) -> None:
        """It was left out."""
        super().addSkip(test, reason)
        self._tell(test, "skipped", reason)

    def _tell(self, test: unittest.TestCase, end: str, text: str) -> None:
        name = ".".join(test.id().split(".")[-2:])
        last = (text.strip().splitlines() or [""])[-1]
        line = {"name": name, "end": end, "last": last, "seconds": time.monotonic() - self._began}
        with self.file.open("a") as file:
            file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    Told.file = Path(sys.argv[1])
    suite = unittest.defaultTestLoader.loadTestsFromNames(sys.argv[2:])
    runner = unittest.TextTestRunner(resultclass=Told, verbosity=2)  # type: ignore[arg-type]
    done = runner.run(suite)
    sys.exit(not done.wasSuccessful())
