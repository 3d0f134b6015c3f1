"""Partners who sign their mail, a DNS in memory, and an IMAP server on loopback."""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import socketserver
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import dkim
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from hotline.core.errors import Unavailable
from hotline.intake.inbound.mail import Sender

HEADERS = [b"from", b"subject", b"date", b"message-id", b"to", b"content-type"]


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Partner:
    """Signs as ``domain``; its key is published in ``zone`` under the selector ``s1``."""

    domain: str
    zone: dict[bytes, bytes]
    key: rsa.RSAPrivateKey = field(default_factory=new_key)

    def __post_init__(self) -> None:
        self.publish()

    @property
    def name(self) -> bytes:
        return f"s1._domainkey.{self.domain}.".encode()

    def publish(self, tags: bytes = b"") -> None:
        public = self.key.public_key().public_bytes(
            serialization.Encoding.DER,
            serialization.PublicFormat.SubjectPublicKeyInfo,
        )
        self.zone[self.name] = (
            b"v=DKIM1; k=rsa; " + tags + b"p=" + base64.b64encode(public)
        )

    @property
    def pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )

    def letter(
        self,
        text: str = "See https://host.test/a.",
        *,
        sender: str = "",
        number: int = 1,
        subject: str = "Report",
        rest: str = "Content-Type: text/plain; charset=utf-8\n\n",
    ) -> bytes:
        """A letter as this partner writes it, unsigned."""
        head = (
            f"From: Desk <{sender or 'desk@' + self.domain}>\nTo: reports@hotline.test\n"
            f"Subject: {subject}\nDate: Mon, 23 Nov 2026 09:00:00 +0000\n"
            f"Message-ID: <{number}@{self.domain}>\n"
        )
        return (head + rest + text + "\n").replace("\n", "\r\n").encode()

    def sign(
        self,
        letter: bytes,
        *,
        headers: list[bytes] = HEADERS,
        length: bool = False,
        algorithm: bytes = b"rsa-sha256",
    ) -> bytes:
        line = dkim.sign(
            letter,
            b"s1",
            self.domain.encode(),
            self.pem,
            include_headers=headers,
            length=length,
            signature_algorithm=algorithm,
            canonicalize=(b"relaxed", b"relaxed"),
        )
        return bytes(line) + letter


@pytest.fixture(scope="session")
def _key() -> rsa.RSAPrivateKey:
    return new_key()


@pytest.fixture(scope="session")
def _other_key() -> rsa.RSAPrivateKey:
    return new_key()


class Dns:
    """``dnsfunc`` from a table; writes down what it was asked."""

    def __init__(self) -> None:
        self.zone: dict[bytes, bytes] = {}
        self.asked: list[bytes] = []
        self.down = False

    def __call__(self, name: bytes, timeout: float = 5) -> bytes | None:
        self.asked.append(name)
        if self.down:
            raise Unavailable("The DNS does not answer.")
        return self.zone.get(name)


@pytest.fixture
def dns() -> Dns:
    return Dns()


@pytest.fixture
def partner(dns: Dns, _key: rsa.RSAPrivateKey) -> Partner:
    return Partner("platform.test", dns.zone, _key)


@pytest.fixture
def stranger(dns: Dns, _other_key: rsa.RSAPrivateKey) -> Partner:
    return Partner("stranger.test", dns.zone, _other_key)


@pytest.fixture
def senders() -> tuple[Sender, ...]:
    return (
        Sender(
            "Platform",
            "dkim",
            "plain",
            "provider",
            address="desk@platform.test",
        ),
        Sender("Cousin", "dkim", "plain", "public", domain="other.test"),
    )


@dataclass
class Mail:
    uid: int
    body: bytes
    deleted: bool = False


class ImapServer(socketserver.ThreadingTCPServer):
    """IMAP4rev1 as far as a client that empties a mailbox needs it, on 127.0.0.1.

    ``opening``: "tls" from the first byte, "starttls" when the client asks for it, or "stripped":
    somebody in between took the offer of STARTTLS away.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(
        self, folder: Path, capabilities: str, opening: str = "tls"
    ) -> None:
        self.capabilities = capabilities
        self.opening = opening
        self.folders: dict[str, list[Mail]] = {"INBOX": []}
        self.said: list[str] = []
        self.next_uid = 1
        self.certificate = folder / "certificate.pem"
        self.trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.trust.load_cert_chain(self.certificate, folder / "key.pem")
        super().__init__(("127.0.0.1", 0), _Session)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that refuses the certificate goes away in the handshake."""

    def put(self, body: bytes, folder: str = "INBOX") -> None:
        self.folders[folder].append(Mail(self.next_uid, body))
        self.next_uid += 1

    def bodies(self, folder: str) -> list[bytes]:
        return [mail.body for mail in self.folders.get(folder, [])]


class _Session(socketserver.StreamRequestHandler):
    server: ImapServer

    def setup(self) -> None:
        self.sealed = self.server.opening == "tls"
        if self.sealed:
            self.request = self.server.trust.wrap_socket(
                self.request, server_side=True
            )
        super().setup()

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")

    def handle(self) -> None:
        self.mails: list[Mail] = []
        self.say(b"* OK ready")
        while line := self.rfile.readline().decode().strip():
            tag, _, command = line.partition(" ")
            verb, _, rest = command.partition(" ")
            if verb.upper() == "UID":
                verb, _, rest = rest.partition(" ")
                verb = "UID_" + verb
            self.server.said.append(verb.upper())
            answer = getattr(self, verb.lower())(rest)
            self.say(f"{tag} {answer}".encode())
            if verb.upper() == "STARTTLS" and answer.startswith("OK"):
                self.request = self.server.trust.wrap_socket(
                    self.request, server_side=True
                )
                self.sealed = True
                super().setup()  # reads and writes through TLS from here on
            if verb.upper() == "LOGOUT":
                return

    def capability(self, rest: str) -> str:
        offers = {"starttls": " STARTTLS LOGINDISABLED"}.get(
            self.server.opening, ""
        )
        more = f" {self.server.capabilities}" if self.sealed else offers
        self.say(f"* CAPABILITY IMAP4rev1{more}".encode())
        return "OK done"

    def starttls(self, rest: str) -> str:
        return "OK begin" if self.server.opening == "starttls" else "BAD what?"

    def login(self, rest: str) -> str:
        if not self.sealed:
            self.server.said.append("A PASSWORD IN THE CLEAR")
        return "OK welcome" if rest == 'user "pass word"' else "NO never"

    def select(self, rest: str) -> str:
        self.mails = self.server.folders[rest.strip('"')]
        self.say(f"* {len(self.mails)} EXISTS".encode())
        return "OK [READ-WRITE] done"

    def examine(self, rest: str) -> str:
        self.select(rest)
        return "OK [READ-ONLY] done"

    def create(self, rest: str) -> str:
        self.server.folders[rest.strip('"')] = []
        return "OK made"

    def uid_search(self, rest: str) -> str:
        found = " ".join(
            str(mail.uid) for mail in self.mails if not mail.deleted
        )
        self.say(f"* SEARCH {found}".encode())
        return "OK done"

    def chosen(self, uids: str) -> list[Mail]:
        return [
            mail for mail in self.mails if str(mail.uid) in uids.split(",")
        ]

    def uid_fetch(self, rest: str) -> str:
        uids, _, what = rest.partition(" ")
        for number, mail in enumerate(self.chosen(uids), start=1):
            if "RFC822.SIZE" in what:
                self.say(
                    f"* {number} FETCH (UID {mail.uid} RFC822.SIZE {len(mail.body)})".encode()
                )
            else:
                size = len(mail.body)
                self.wfile.write(
                    f"* {number} FETCH (UID {mail.uid} BODY[] {{{size}}}\r\n".encode()
                )
                self.wfile.write(mail.body)
                self.say(b")")
        return "OK done"

    def uid_store(self, rest: str) -> str:
        for mail in self.chosen(rest.split(" ", maxsplit=1)[0]):
            mail.deleted = "\\Deleted" in rest
        return "OK done"

    def expunge(self, rest: str) -> str:
        self.mails[:] = [mail for mail in self.mails if not mail.deleted]
        return "OK done"

    def uid_expunge(self, rest: str) -> str:
        assert "UIDPLUS" in self.server.capabilities
        return self.expunge(rest)

    def uid_copy(self, rest: str) -> str:
        uids, _, folder = rest.partition(" ")
        name = folder.strip('"')
        if name not in self.server.folders:
            return "NO [TRYCREATE] there is no such folder"
        for mail in self.chosen(uids):
            self.server.put(mail.body, name)
        return "OK done"

    def uid_move(self, rest: str) -> str:
        assert "MOVE" in self.server.capabilities
        answer = self.uid_copy(rest)
        if answer.startswith("OK"):
            gone = self.chosen(rest.split(" ", maxsplit=1)[0])
            self.mails[:] = [mail for mail in self.mails if mail not in gone]
        return answer

    def logout(self, rest: str) -> str:
        self.say(b"* BYE")
        return "OK bye"


def _certify(certificate: Path, private: Path) -> None:
    """A certificate for 127.0.0.1 that vouches for itself."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "imap.test")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        .sign(key, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    _certify(folder / "certificate.pem", folder / "key.pem")
    return folder


@pytest.fixture
def opening() -> str:
    """How the server is reached; a test may have it otherwise."""
    return "tls"


@pytest.fixture(params=["MOVE UIDPLUS", ""], ids=["modern", "plain"])
def imap(
    request: pytest.FixtureRequest,
    certificates: Path,
    monkeypatch: pytest.MonkeyPatch,
    opening: str,
) -> Iterator[ImapServer]:
    """A server with and without the extensions; the process trusts its certificate."""
    with ImapServer(certificates, request.param, opening) as server:
        thread = threading.Thread(
            target=server.serve_forever, args=(0.02,), daemon=True
        )
        thread.start()
        monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
        yield server
        server.shutdown()
        thread.join()
