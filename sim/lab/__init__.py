"""The laboratory: the production shells and handlers on a simulated cloud and broker under virtual time.

`broker` is Kafka as far as shells can tell, `actors` are the processes (route, correlate, workers) with their deaths,
`laboratory` puts a run together, `invariants` watches it at every instant, `grammar` reads the text files, `stage` and
`verbs` carry them out, `runner` plays them, `variants` does so under duplication, reordering and crashes.
"""
