"""Kasugai's own resources, below /kasugai/v1: incidents, their story and plan, verdicts, and what a person orders.

Masakari has no word for these; the envelope of errors and the way in are the same.
"""
