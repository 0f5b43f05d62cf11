"""A real OpenStack without hypervisors on the loopback interface: what is installed, written, started and ended."""
