"""A Kafka that lets in only who shows a certificate and a password: SASL_SSL, with SCRAM and PLAIN, and ACLs.

Tests themselves go in by a second door on the loopback interface, where nobody asks.
"""

import argparse
import time
from typing import Any

from confluent_kafka.admin import (  # type: ignore[attr-defined]  # named in its documentation, not in __all__
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from kasugai.schemas.rights import PRINCIPALS
from kasugai.sim.child import free_port
from tests.support.certificates import issue
from tests.support.kafka import KafkaServer

RESOURCES = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactional-id": ResourceType.TRANSACTIONAL_ID,
}
OPERATIONS = {
    "Read": AclOperation.READ,
    "Write": AclOperation.WRITE,
    "Describe": AclOperation.DESCRIBE,
    "DescribeConfigs": AclOperation.DESCRIBE_CONFIGS,
}

_FILTER: Any = AclBindingFilter
EVERY_RIGHT = _FILTER(
    ResourceType.ANY, None, ResourcePatternType.ANY, None, None, AclOperation.ANY, AclPermissionType.ANY
)

PASSWORD = "hunter2"

USERS = ("kasugai", *(principal.login for principal in PRINCIPALS))
"""The first one may do everything."""

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
        return "\n".join(f"{name} = {value}" for name, value in self.as_user("kasugai-cli").items())

    redis_password = ""
    """Of every process's own user of Redis; empty where Redis asks nobody."""

    def conf_of(self, role: str) -> str:
        """See KafkaServer: each process has a name of its own, the same one at Redis."""
        at_redis = f"[redis]\nusername = kasugai-{role}\npassword = {self.redis_password}\n"
        return f"[kafka]\nsasl_username = kasugai-{role}\n" + (at_redis if self.redis_password else "")

    def grant(self, lines: str) -> None:
        """Give rights, each line as kafka-acls.sh takes them; topics must be there."""
        bindings = [binding for line in lines.splitlines() for binding in _bindings(line)]
        admin = self._admin()  # must live until the answers are in
        for granted in admin.create_acls(bindings).values():
            granted.result()
        while len(admin.describe_acls(EVERY_RIGHT).result()) < len(bindings):
            time.sleep(0.02)  # the broker learns of them a moment after they are in the cluster's log

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


def _bindings(line: str) -> list[AclBinding]:
    parser = argparse.ArgumentParser()
    parser.add_argument("--allow-principal")
    parser.add_argument("--operation", action="append")
    parser.add_argument("--resource-pattern-type", default="literal")
    for kind in RESOURCES:
        parser.add_argument(f"--{kind}", action="append", default=[])
    said = vars(parser.parse_args(line.split()))
    pattern = ResourcePatternType[said["resource_pattern_type"].upper()]
    return [
        AclBinding(
            kind, name, pattern, said["allow_principal"], "*", OPERATIONS[operation], AclPermissionType.ALLOW
        )
        for word, kind in RESOURCES.items()
        for name in said[word.replace("-", "_")]
        for operation in said["operation"]
    ]


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
