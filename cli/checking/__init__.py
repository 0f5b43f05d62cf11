"""What `kasugai doctor` looks at besides the doors that every process asks at its start: clocks, policies, devices, the
API. Each check stands alone and changes nothing.
"""
