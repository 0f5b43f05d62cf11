"""The wire: Avro schemas, one contract file per topic, examples, and the way from bytes to core values and back.

May import `kasugai.core` only. It opens no connection: who carries the bytes is the business of the adapters.
"""
