"""The rules of Kasugai, pure: values in, values out.

Holds conditions, gates, decisions, plans and the narrator. Imports nothing of ours and only the standard
library; it knows no clock, no randomness, no I/O and no logging: time arrives as a value.
"""
