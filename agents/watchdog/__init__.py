"""A watchdog that resets this host once nobody can know that it lives: proof of death without a power device."""
