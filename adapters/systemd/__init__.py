"""systemd by its own doors: the bus (units, shutdown), and the socket by which a service says how it is."""
