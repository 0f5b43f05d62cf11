"""The kinds of steps, one per file: each exports one value with all that is known of its kind.

`kinds.py` is the one table of them. Who goes through steps (the engine, the fold, the shells) asks the value and names
no kind; which steps a recovery is made of is the procedure's business.
"""
