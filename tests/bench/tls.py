"""TLS as on Google, on one machine: a certificate, and a metadata server that gives out tokens."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from threading import Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

TOKEN = "t" * 1024
"""Access tokens of service accounts are about that long."""

ACCOUNT = "bench@local.iam.gserviceaccount.com"
_ACCOUNTS = "/computeMetadata/v1/instance/service-accounts"
_ANSWERS: Mapping[str, object] = {
    "/": {},
    f"{_ACCOUNTS}/default/": {"email": ACCOUNT, "scopes": [], "aliases": ["default"]},
    f"{_ACCOUNTS}/default/token": {"access_token": TOKEN, "expires_in": 3_599},
    f"{_ACCOUNTS}/{ACCOUNT}/token": {"access_token": TOKEN, "expires_in": 3_599},
}
_FLAVOR = "Metadata-Flavor"


@dataclass(frozen=True)
class Tls:
    """What functions and stubs need to speak TLS.

    Attributes:
        certificate: the file with the stubs' certificate; functions trust no other.
        key: the file with its private key.
        metadata: the address of the metadata server, ``host:port``.
    """

    certificate: Path
    key: Path
    metadata: str

    def arguments(self) -> list[str]:
        """Return a stub's arguments."""
        return ["--certificate", str(self.certificate), "--key", str(self.key)]

    def settings(self) -> dict[str, str]:
        """Return the variables with which gRPC and Google's libraries find both.

        The last variable keeps credentials of this machine's user out of the benchmark.
        """
        return {
            "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(self.certificate),
            "GCE_METADATA_HOST": self.metadata,
            "GCE_METADATA_IP": self.metadata,
            "CLOUDSDK_CONFIG": str(self.certificate.parent),
        }


@contextmanager
def tls(folder: Path) -> Iterator[Tls]:
    """Make a certificate, and run a metadata server for as long as this is open.

    Args:
        folder: for the certificate and its key.
    """
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Metadata)
    Thread(target=server.serve_forever, name="metadata", daemon=True).start()
    try:
        yield Tls(*_certificate(folder), f"127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate for 127.0.0.1 with a key of P-256, as Google's servers have."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "benchmarks")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].touch(mode=0o600)
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


class _Metadata(BaseHTTPRequestHandler):
    """The parts of Compute Engine's metadata server from which a token comes."""

    def do_GET(self) -> None:
        """Answer a request of google-auth."""
        answer = _ANSWERS.get(self.path.partition("?")[0])
        body = json.dumps(answer).encode()
        self.send_response(404 if answer is None else 200)
        self.send_header(_FLAVOR, "Google")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
