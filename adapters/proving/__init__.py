"""Proof of who speaks on the topics of agents: keys, the header `kasugai-proof`, and its check (ADR 22).

`keys`, `header` and `prover` import the standard library alone, for they run on every hypervisor; `masters` and
`checker` hold what route and liveness need, and derive keys with `cryptography`.
"""
