"""What a hypervisor's agent sees of its guests: libvirt's events, states and jobs, and whether their agents answer.

Whatever is heard makes it look; what is said follows from what it sees then. It restarts nobody.
"""
