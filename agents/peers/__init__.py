"""Whether a few other hosts can be reached by each network: one kind of witness, and what a beat says of networks."""
