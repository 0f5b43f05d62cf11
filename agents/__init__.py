"""What runs on a hypervisor: host, process and instance monitors, with an outbox for when Kafka is away.

May import `kasugai.core`, `kasugai.schemas` and `kasugai.adapters`. An agent reports what it sees and decides nothing.
"""
