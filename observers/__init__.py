"""What other systems know of a host, turned into faults: Nova's service records, BMCs, Prometheus, Alertmanager.

May import `kasugai.core`, `kasugai.schemas` and `kasugai.adapters`, never streams, workers, agents, bridge or api. What
an answer means is decided in modules without I/O; the loops around them ask, publish and repeat.
"""
