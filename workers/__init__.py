"""The recovery pools: thin shells that carry out a plan step by step and publish every fact.

May import `kasugai.core`, `kasugai.schemas` and `kasugai.adapters`, never streams, agents, bridge or api: what
passes between those rooms is a topic.
"""
