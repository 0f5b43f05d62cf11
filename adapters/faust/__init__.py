"""A Faust shell for one processor: one input topic, one table, one handler, and every rule of docs/streaming.md 0.

It knows nothing of what is processed. `run.run_processor` is the way in, `port.Handler` is what it wants.
Private attributes of Faust and aiokafka are touched here, so the versions are checked at start (`versions`).
"""
