"""`kasugai demo`: the product on one machine in one go: real processes, one outage, one worker killed in the middle.

What it stands on (Kafka, Redis, a cloud) comes from wheels alone, unless real ones are named.
"""
