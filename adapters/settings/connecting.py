"""The options of [kafka] and [redis], and the files of TLS that both and [bridge] have."""

from typing import Any

from oslo_config import cfg


def tls_options(name: str) -> list[Any]:
    """Return the three files of TLS; `name` is in the names of the examples."""
    return [
        cfg.StrOpt(
            "ssl_cafile",
            default="",
            help="With TLS: the authorities to believe (PEM); empty means the system's.",
            sample_default=f"/etc/kasugai/{name}-ca.pem",
        ),
        cfg.StrOpt(
            "ssl_certfile",
            default="",
            help="With TLS: our certificate (PEM), if we are asked for one.",
            sample_default=f"/etc/kasugai/{name}-client.pem",
        ),
        cfg.StrOpt(
            "ssl_keyfile",
            default="",
            help="With TLS: the certificate's key (PEM, without a pass phrase).",
            sample_default=f"/etc/kasugai/{name}-client.key",
        ),
    ]


KAFKA = [
    cfg.StrOpt(
        "bootstrap_servers",
        help="Some of the Kafka brokers as host:port, separated by commas. Required.",
        sample_default="kafka1:9092,kafka2:9092,kafka3:9092",
    ),
    cfg.StrOpt(
        "security_protocol",
        default="PLAINTEXT",
        choices=["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"],
        help="How to talk to the brokers.",
        sample_default="SASL_SSL",
    ),
    cfg.StrOpt(
        "sasl_mechanism",
        default="SCRAM-SHA-512",
        choices=["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"],
        help="With SASL: the mechanism.",
    ),
    cfg.StrOpt(
        "sasl_username", default="", help="With SASL: the principal.", sample_default="kasugai-worker"
    ),
    cfg.StrOpt(
        "sasl_password",
        default="",
        secret=True,
        help="With SASL: its password ($$ for a $).",
        sample_default="SECRET",
    ),
    cfg.StrOpt(
        "sasl_password_file",
        default="",
        help="With SASL: a file with nothing but the password; it goes before sasl_password.",
        sample_default="/etc/kasugai/kafka.password",
    ),
    *tls_options("kafka"),
    cfg.IntOpt("replication", default=3, min=1, help="Replicas of each topic (`kasugai topics apply`)."),
    cfg.IntOpt("min_insync", default=2, min=1, help="Replicas that must have a record before it counts."),
]

REDIS = [
    cfg.StrOpt(
        "url",
        default="redis://127.0.0.1:6379/0",
        secret=True,
        help="The Redis of the leases, the ledger and the views: redis://HOST:PORT/DB, unix:///PATH?db=DB, "
        "redis+sentinel://HOST:PORT,HOST:PORT/SERVICE/DB or redis+cluster://HOST:PORT,HOST:PORT. With TLS they begin "
        "with rediss. USER:PASSWORD@ may stand before the first host; the options below keep it out of the url.",
        sample_default="rediss+sentinel://redis1:26379,redis2:26379,redis3:26379/kasugai/0",
    ),
    cfg.StrOpt("username", default="", help="The user, with Redis' ACLs.", sample_default="kasugai"),
    cfg.StrOpt(
        "password", default="", secret=True, help="Its password ($$ for a $).", sample_default="SECRET"
    ),
    cfg.StrOpt(
        "password_file",
        default="",
        help="A file with nothing but the password; it goes before password.",
        sample_default="/etc/kasugai/redis.password",
    ),
    cfg.StrOpt(
        "sentinel_username",
        default="",
        help="With Sentinel: the user at the sentinels, if they ask for one.",
        sample_default="kasugai",
    ),
    cfg.StrOpt(
        "sentinel_password",
        default="",
        secret=True,
        help="With Sentinel: the password at the sentinels.",
        sample_default="SECRET",
    ),
    cfg.StrOpt(
        "sentinel_password_file",
        default="",
        help="With Sentinel: a file with nothing but that password.",
        sample_default="/etc/kasugai/sentinel.password",
    ),
    *tls_options("redis"),
    cfg.BoolOpt(
        "ssl_check_hostname",
        default=True,
        help="With TLS: whether the server's certificate must name the host that was asked for. Sentinels and "
        "Clusters often say addresses where certificates say names.",
    ),
]
