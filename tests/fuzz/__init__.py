"""The fuzzer: records of all topics, well-formed and spoiled, against the shells of route, correlate, projector and a
worker in virtual time (`make fuzz`). Every record must end as a verdict or a dead letter, and nobody may end.
"""
