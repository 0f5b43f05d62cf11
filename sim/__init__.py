"""The laboratory: a simulated cloud, virtual time, the scenario runner, invariants, and embedded services.

May import every room but `kasugai.cli`. Nothing in production imports it.
"""
