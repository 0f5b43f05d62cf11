"""Lets `python -m kasugai.cli` do what the `kasugai` script does."""

import sys

from kasugai.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
