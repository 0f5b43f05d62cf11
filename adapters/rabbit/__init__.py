"""RabbitMQ, as the bridge needs it: one queue of ours, read with acknowledgements that we choose the moment of.

By py-amqp, on which oslo.messaging stands too; ADR 29 says why not by oslo.messaging itself.
"""
