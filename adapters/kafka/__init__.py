"""Kafka behind small classes: producing, bounded and following reads, topics, the inventory, dead letters, tap.

All of it is confluent-kafka on asyncio: librdkafka's threads do the work, and what they say arrives on the event loop.
"""
