"""Kasugai keeps virtual machines alive on OpenStack: it finds failures, fences, and recovers, provably once.

The rooms (`kasugai.core`, `kasugai.streams`, ...) lie at the top of the repository and are linked in here;
docs/architecture.md section 2 says what each holds and may import.
"""
