"""Nova's notifications become faults and evidence here.

May import `kasugai.core`, `kasugai.schemas` and `kasugai.adapters`, never streams, workers, agents or api.
"""
