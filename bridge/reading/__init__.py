"""What Nova's notifications mean: a value in, a conclusion out. No clock, no I/O, no log.

`table` says what becomes of what, `heard` reads one notification, `memory`, `standing`, `moves` and `callers` keep what
several of them say together, `reader` puts them together.
"""
