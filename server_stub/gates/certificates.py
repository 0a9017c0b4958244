"""The central's own TLS certificate: what a gate may pin of it.

Source: docs/sync-protocol.md, "Enrolment"; RFC 5280, 4.1.2.7.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from scanner.core.errors import ConfigError


def load_spki_sha256(tls_cert: Path) -> str:
    """The SHA-256 (hex) of a PEM certificate's public key.

    Raises:
        ConfigError: ``tls_unreadable``.
    """
    try:
        certificate = x509.load_pem_x509_certificate(tls_cert.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(
            "tls_unreadable",
            f"{str(tls_cert)!r} is no PEM certificate that can be read",
            "name the file that `serve --tls-cert` uses",
        ) from error
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).hexdigest()
