"""Processes that a host cannot do without: what is watched, how each is seen, and what is done before it is told.

It tells that a process failed; what that means for the host is a segment's policy, and decided elsewhere.
"""
