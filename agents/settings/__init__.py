"""What an operator sets on a hypervisor: agent.conf, and masakarimonitors.conf as it is, as frozen values.

It reads ini files by the standard library: oslo.config alone would add a tenth to what an agent takes.
"""
