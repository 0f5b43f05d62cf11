"""What a cluster stack on this host says of the other hosts: Pacemaker, Corosync, Consul, Kubernetes.

`reading` makes pictures out of text and knows no process, socket or clock; `looks` fetch the text; `samples` turns
pictures into words; `watch` holds them together. What is said is one witness of kind `peer`, never an assertion and
never a sign of life (ADR 19, ADR 22).
"""
