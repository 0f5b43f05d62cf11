"""The values that all of Kasugai speaks in: faults, verdicts, orders, facts, descriptions, ids, time.

They say what something is, never what to do about it. Everything else in the core stands above them.
"""
