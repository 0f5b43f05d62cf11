"""An incident out of its records: as a scenario that plays it again in the simulator, and as a sealed ledger."""
