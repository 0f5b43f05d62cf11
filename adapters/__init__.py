"""Every door to the outside, each behind a small class: Kafka, Redis, Nova, power, clock, telemetry, settings.

May import `kasugai.core` and `kasugai.schemas`. This is the only room that may read a clock or draw a random number.
"""
