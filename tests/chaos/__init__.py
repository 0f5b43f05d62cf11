"""`make chaos`: the whole pipeline in real processes for some minutes, while a seed's schedule takes everything away.

`python -m tests.chaos --help` says how; docs/chaos.md says what it checks and what it has found.
"""
