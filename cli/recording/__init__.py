"""Recording: what Kafka holds of a time, as a file that `kasugai replay` reads."""
