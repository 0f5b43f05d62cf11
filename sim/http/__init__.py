"""The simulated cloud over HTTP: Keystone v3 and Nova for openstacksdk, and /sim/ to control it. Loopback only.

    door = await serve(cloud)                  # in the loop that drives the cloud
    door.url, door.clouds_yaml()               # what a client needs
    with CloudThread(build) as lab: ...        # the same in a thread of its own (tests, benches)
    python -m kasugai.sim.http --port 8774     # the same as a process (demo, chaos)

Knows nothing of the rules: they are `sim.cloud`'s.
"""

from kasugai.sim.http.door import HttpDoor as HttpDoor
from kasugai.sim.http.door import serve as serve
from kasugai.sim.http.thread import CloudThread as CloudThread
