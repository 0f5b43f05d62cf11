"""Starts Nova's own nova-compute, which finds our hypervisor among Nova's drivers (`compute_driver = hypervisor.*`).

Run by Nova's Python: python -P acceptance/inside/compute.py --config-file ... with KASUGAI_HYPERVISORS set to a folder.
"""

from pathlib import Path

import nova.virt
from nova.cmd import compute  # first of all: it decides how Nova's threads run
from nova.servicegroup import api

nova.virt.__path__.append(str(Path(__file__).parent))
api.INITIAL_REPORTING_DELAY = 0.2  # five seconds: whoever waits for a start would wait for that each time

if __name__ == "__main__":
    compute.main()
