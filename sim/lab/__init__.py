"""The laboratory: the production handlers on a simulated cloud and broker under virtual time.

`broker` is Kafka as far as handlers can tell, `actors` are the processes (route, correlate, workers, observers) with
their deaths, `laboratory` puts a run together, `invariants` watches it at every instant, `scenario` reads the text
files, `runner` compares what happened with what should, `variants` runs it under duplication, reordering and crashes.
"""
