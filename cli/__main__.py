"""Lets `python -m kasugai.cli` do what the `kasugai` script does."""

import sys

from kasugai.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
