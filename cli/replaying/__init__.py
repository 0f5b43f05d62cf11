"""Replaying a recording: letters through today's rules, or other policies, and nothing else. No Kafka, no clock but the
records', no effect: what would follow is told and forgotten."""
