"""A real Nova in one process: its API, scheduler, conductor, nova-computes and Placement, on SQLite in memory.

    .venv-nova/bin/python -m tests.realnova        # prints "serving http://127.0.0.1:PORT", lives until SIGTERM

It runs in an environment of its own (`make nova-libs`), whose wheels carry Nova's functional fixtures: nothing here
imports Kasugai, and nobody imports this. tests/support/real_nova.py starts it and speaks to it:

    /compute/v2.1/...       Nova's own API. Whoever asks is an admin: the fixtures replace keystonemiddleware, and we
                            write the headers that they read (X-Project-Id names another project)
    POST /town/VERB         a verb of `town.Town` with its arguments as JSON: {"result": ...}, or 500 with the reason

What is not real: the hypervisors (Nova's fake driver, see hypervisor.py), the message bus (in the process), Keystone,
Glance, Neutron and Cinder (Nova's fixtures). A nova-compute that "dies" is stopped: what it was building hangs, and its
reports end.
"""

import nova.tests.functional  # noqa: F401 - before anything else: it lets eventlet patch the standard library
