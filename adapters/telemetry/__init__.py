"""What an operator sees of a running process: metrics, health, traces, log lines. It never decides anything, and a
failure of it never hurts the work.
"""
