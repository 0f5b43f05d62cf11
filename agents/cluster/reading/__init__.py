"""Text, XML or JSON of a cluster stack in, a picture of its members out: no process, no socket, no clock."""
