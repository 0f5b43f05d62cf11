"""A Kafka that lets in only who shows a certificate and a password: SASL_SSL, with SCRAM and PLAIN, and ACLs.

Tests themselves go in by a second door on the loopback interface, where nobody asks.
"""

from typing import Any

from kasugai.sim.child import free_port
from tests.support.certificates import issue
from tests.support.kafka import KafkaServer

PASSWORD = "hunter2"

USERS = ("kasugai", "route", "correlate", "worker", "cli")

SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"

SECURE = """\
sasl.enabled.mechanisms=SCRAM-SHA-256,SCRAM-SHA-512,PLAIN
listener.name.secure.scram-sha-256.sasl.jaas.config={scram}
listener.name.secure.scram-sha-512.sasl.jaas.config={scram}
listener.name.secure.plain.sasl.jaas.config={plain} user_kasugai="{password}";
listener.name.secure.ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location={bundle}
ssl.truststore.type=PEM
ssl.truststore.location={ca}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:kasugai
"""


class SecureKafka(KafkaServer):
    """A node whose `conf` is the guarded door, and whose `bootstrap` the open one."""

    formatting = tuple(
        word
        for user in USERS
        for bits in (256, 512)
        for word in ("--add-scram", f"SCRAM-SHA-{bits}=[name={user},password={PASSWORD}]")
    )

    def settings(self, usual: str) -> str:
        """See KafkaServer."""
        self.certificates = issue(self.folder / "tls")
        self.secure = f"127.0.0.1:{free_port()}"
        secure = SECURE.format(
            scram=SCRAM,
            plain=PLAIN,
            password=PASSWORD,
            bundle=self.certificates.bundle("server"),
            ca=self.certificates.ca,
        )
        return secure + _with_door(usual, self.secure)

    @property
    def conf(self) -> str:
        """See KafkaServer."""
        return "\n".join(f"{name} = {value}" for name, value in self.as_user("kasugai").items())

    def as_user(
        self, user: str, mechanism: str = "SCRAM-SHA-512", password: str = PASSWORD
    ) -> dict[str, Any]:
        """Return the options of [kafka] with which a user goes in."""
        return {
            "bootstrap_servers": self.secure,
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": mechanism,
            "sasl_username": user,
            "sasl_password": password,
            "ssl_cafile": self.certificates.ca,
            "ssl_certfile": self.certificates.certificate("client"),
            "ssl_keyfile": self.certificates.key("client"),
        }


def _with_door(usual: str, address: str) -> str:
    """Add a listener to each of the lines that tell of them."""
    additions = {
        "listeners=": f",SECURE://{address}",
        "advertised.listeners=": f",SECURE://{address}",
        "listener.security.protocol.map=": ",SECURE:SASL_SSL",
    }
    lines = []
    for line in usual.splitlines():
        more = next((text for name, text in additions.items() if line.startswith(name)), "")
        lines.append(line + more)
    return "\n".join(lines) + "\n"
