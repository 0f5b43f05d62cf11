"""A Faust shell for one processor: one input topic, one table, one handler, and every remedy that Faust needs.

It knows nothing of what is processed. `run.prepare` and `run.serve` are the way in, `port.Handler` is what it wants.
Private attributes of Faust and aiokafka are touched here, so the versions are checked at start (`versions`).
"""
