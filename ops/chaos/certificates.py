"""The certificate that is out of date: one of our own, or the user's."""

import ssl
from functools import cache
from pathlib import Path

EXPIRED = Path(__file__).with_name("expired.pem")  # for localhost and 127.0.0.1, self-signed, over since 2020


@cache
def context_of(certificate: str, key: str) -> ssl.SSLContext:
    """Return the TLS context of a server that shows a certificate.

    Args:
        certificate: PEM file; empty is `EXPIRED`.
        key: PEM file of its key; empty where the certificate's file holds it.

    Raises:
        ValueError: the files cannot be read, or do not belong together.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate or EXPIRED, key or None)
    except OSError as error:  # ssl.SSLError is one
        reason = error.strerror or error
        raise ValueError(
            f"{certificate} {key}: {reason}; allowed: PEM files of a certificate and its key"
        ) from error
    return context
