"""The stream processors route, liveness and correlate: thin shells that feed the core and publish what it decides.

May import `kasugai.core`, `kasugai.schemas` and `kasugai.adapters`, never workers, agents, bridge or api: what
passes between those rooms is a topic.
"""
