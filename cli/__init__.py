"""The `kasugai` command: one module per noun, and nothing that another room would want to import.

May import every other room. Data goes to stdout, talk goes to stderr.
"""
