"""The options of [bridge]: on which bus Nova's notifications are, and what of it is ours."""

from typing import Any

from oslo_config import cfg


def bridge_options(tls: list[Any]) -> list[Any]:
    """Return the options; `tls` are the files of TLS, as every connection has them."""
    return [
        cfg.StrOpt(
            "transport_url",
            default="",
            secret=True,
            help="Where Nova's notifications are: what nova.conf has as [oslo_messaging_notifications] transport_url "
            "(else [DEFAULT] transport_url), with a login of Kasugai's own (docs/operators/bridge-setup.md).",
            sample_default="rabbit://kasugai:PASSWORD@rabbit1:5672,rabbit2:5672/",
        ),
        cfg.StrOpt(
            "transport_url_file",
            default="",
            help="A file that holds the url instead, for whoever keeps passwords out of this one.",
            sample_default="/etc/kasugai/bridge.url",
        ),
        cfg.BoolOpt("tls", default=False, help="Whether that bus is spoken to over TLS."),
        *tls,
        cfg.StrOpt(
            "sasl_mechanism",
            default="PLAIN",
            choices=["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"],
            help="On Kafka, with a login in the url.",
        ),
        cfg.StrOpt(
            "exchange",
            default="nova",
            help="On RabbitMQ: the exchange that Nova publishes to, its [DEFAULT] control_exchange.",
        ),
        cfg.ListOpt(
            "topics",
            default=["versioned_notifications"],
            help="As nova.conf has them: [notifications] versioned_notifications_topics.",
        ),
        cfg.StrOpt(
            "pool",
            default="kasugai-bridge",
            help="What is ours alone: on RabbitMQ the queue, on Kafka the consumer group. All bridges of a deployment "
            "have the same and share the work.",
        ),
        cfg.StrOpt(
            "queue_type",
            default="classic",
            choices=["classic", "quorum"],
            help="On RabbitMQ: how our queue is kept. It is durable either way; quorum survives the loss of a node.",
        ),
        cfg.IntOpt(
            "queue_length",
            default=100_000,
            min=1_000,
            max=10_000_000,
            help="On RabbitMQ: so many messages wait in our queue at most, 5 kB each; beyond, the oldest are lost.",
        ),
        cfg.IntOpt(
            "silence",
            default=3_600_000,
            min=60_000,
            help="After so long without any notification it is told what nova.conf has to say (ms).",
        ),
    ]
