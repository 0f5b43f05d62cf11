"""The processes of the pipeline in the laboratory: the real shells on simulated ports, one module per process.

What is played here, and not the shell's own, each module says at its beginning.
"""
