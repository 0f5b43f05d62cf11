"""Who we are at the broker, as Faust wants to hear it: the same settings that the confluent clients get."""

import ssl

import faust
from faust.types.auth import CredentialsT

from kasugai.adapters.settings.values import KafkaSettings


def credentials_of(kafka: KafkaSettings) -> CredentialsT | None:
    """Return Faust's credentials; None for a plaintext connection without a name.

    An `ssl_context` is what turns SASL into SASL_SSL (faust/auth.py:34-50).
    """
    context = _context(kafka) if kafka.security_protocol.endswith("SSL") else None
    if kafka.security_protocol.startswith("SASL"):
        return faust.SASLCredentials(
            username=kafka.sasl_username,
            password=kafka.sasl_password,
            mechanism=kafka.sasl_mechanism,
            ssl_context=context,
        )
    return None if context is None else faust.SSLCredentials(context)


def _context(kafka: KafkaSettings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=kafka.ssl_cafile or None)
    if kafka.ssl_certfile:
        context.load_cert_chain(kafka.ssl_certfile, kafka.ssl_keyfile or None)
    return context
