"""Real servers for tests, one small file each."""
