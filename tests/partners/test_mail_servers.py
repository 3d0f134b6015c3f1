"""The mail server is reached at a checked address, and its certificate is asked for its name."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hotline.core.errors import NoAnswer
from hotline.core.settings import Settings
from partners.channels.base import Message
from partners.channels.mail import MailChannel

HOST = "mail.house.test"
MESSAGE = Message("m@x", "desk@partner.example", "Notice", "text", {})


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def visit(port: int, *, tls: bool) -> None:
    """The controller's own first visit, which it needs to begin."""
    with socket.create_connection(("127.0.0.1", port)) as plain:
        if not tls:
            plain.recv(1)
            return
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with context.wrap_socket(plain) as wrapped:
            wrapped.recv(1)


class Inbox:
    def __init__(self) -> None:
        self.recipients: list[str] = []

    async def handle_DATA(
        self, _server: Any, _session: Any, envelope: Any
    ) -> str:
        self.recipients += envelope.rcpt_tos
        return "250 OK"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for HOST that nobody signed but itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    names = x509.SubjectAlternativeName([x509.DNSName(HOST)])
    today = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path_factory.mktemp("mail") / "host.pem"
    encoding = serialization.Encoding.PEM
    pem.write_bytes(
        signed.public_bytes(encoding)
        + key.private_bytes(
            encoding,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pem


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its certificate counts as one of the world's authorities."""
    create = ssl.create_default_context
    monkeypatch.setattr(
        ssl, "create_default_context", lambda: create(cafile=str(certificate))
    )


@pytest.fixture
def serve(certificate: Path) -> Iterator[Callable[[str], tuple[Inbox, int]]]:
    """Start a mail server that speaks ``tls`` from the first byte on, or ``starttls``."""
    started: list[Controller] = []

    def start(security: str) -> tuple[Inbox, int]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        inbox, port = Inbox(), free_port()
        if security == "tls":
            controller = Controller(
                inbox, hostname="127.0.0.1", port=port, ssl_context=context
            )
        else:
            controller = Controller(
                inbox,
                hostname="127.0.0.1",
                port=port,
                tls_context=context,
                require_starttls=True,
            )
        controller._trigger_server = lambda: visit(port, tls=security == "tls")
        controller.start()
        started.append(controller)
        return inbox, port

    yield start
    for controller in started:
        controller.stop()


def channel(
    tmp_path: Path, security: str, port: int, host: str = HOST
) -> MailChannel:
    settings = Settings(
        data_dir=tmp_path,
        smtp_host=host,
        smtp_port=port,
        smtp_security=security,
        mail_networks=("127.0.0.0/8",),
        fetch_hosts={HOST: "127.0.0.1", "other.house.test": "127.0.0.1"},
    )
    return MailChannel(settings)


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_mail_leaves_by_tls_to_the_name_of_the_settings(
    tmp_path: Path, serve: Any, security: str
) -> None:
    inbox, port = serve(security)
    receipt = channel(tmp_path, security, port).send(MESSAGE)
    assert receipt["accepted"] is True
    assert inbox.recipients == ["desk@partner.example"]


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize("host", ["other.house.test", "127.0.0.1"])
def test_another_name_s_certificate_is_refused(
    tmp_path: Path, serve: Any, security: str, host: str
) -> None:
    inbox, port = serve(security)
    with pytest.raises(NoAnswer, match="SSLCertVerificationError"):
        channel(tmp_path, security, port, host).send(MESSAGE)
    assert inbox.recipients == []


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_that_nobody_signed_is_refused(
    tmp_path: Path, serve: Any, security: str
) -> None:
    inbox, port = serve(security)
    with pytest.raises(NoAnswer, match="SSLCertVerificationError"):
        channel(tmp_path, security, port).send(MESSAGE)
    assert inbox.recipients == []
