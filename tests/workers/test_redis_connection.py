"""Redis by TLS and behind Sentinel: real servers on loopback, certificates made for the test."""

from __future__ import annotations

import ipaddress
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hotline.core.settings import Settings, load_settings
from workers.queues.pools import Pool
from workers.queues.redis_connection import connect
from workers.queues.redis_server import find_server
from workers.queues.transport import Inbox, Transport

PASSWORD = "example-password"
Start = Callable[..., subprocess.Popen[bytes]]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Authority:
    """An authority with a certificate of its own, which signs one for a server on loopback."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name(
            [x509.NameAttribute(NameOID.COMMON_NAME, "authority.example")]
        )
        self.file = folder / "ca.pem"
        self.certificate = folder / "server.pem"
        self.key = folder / "server.key"
        own = self._sign(self._name, self._key, is_authority=True)
        self.file.write_bytes(own)
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name(
            [x509.NameAttribute(NameOID.COMMON_NAME, "redis.example")]
        )
        self.certificate.write_bytes(self._sign(name, key, is_authority=False))
        self.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )

    def _sign(
        self,
        name: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        *,
        is_authority: bool,
    ) -> bytes:
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(
                x509.BasicConstraints(is_authority, None), critical=True
            )
            .add_extension(
                x509.SubjectAlternativeName(
                    [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
                ),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts servers of Redis with words of configuration; all end with the test."""
    running = []

    def begin(*words: str, sentinel: bool = False) -> subprocess.Popen[bytes]:
        folder = tmp_path / uuid.uuid4().hex
        folder.mkdir()
        file = folder / "redis.conf"
        lines = ('save ""', f"dir {folder}", "bind 127.0.0.1", *words)
        file.write_text("\n".join(line for line in lines if line) + "\n")
        command = [find_server(), str(file)]
        process = subprocess.Popen(
            [*command, "--sentinel"] if sentinel else command,
            stdout=subprocess.DEVNULL,
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.wait()


def _wait_for(question: Callable[[], Any], seconds: float = 30.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := question():
                return found
        except redis.RedisError:
            pass
        time.sleep(0.05)
    raise AssertionError("waited in vain")


def _can_hand_over(settings: Settings) -> bool:
    """An id goes in by the transport, and comes out at a worker."""
    entry_id = uuid.uuid4()
    if not Transport(settings).hand_over("report.received", "now", entry_id):
        return False
    return Inbox(settings, [Pool.INTAKE]).take(wait=False) == entry_id


def _secured(authority: Authority) -> tuple[str, ...]:
    return (
        f"tls-cert-file {authority.certificate}",
        f"tls-key-file {authority.key}",
        f"tls-ca-cert-file {authority.file}",
        "tls-auth-clients no",
        "tls-replication yes",
    )


def test_redis_by_tls_is_believed_by_its_authority_alone(
    start: Start, tmp_path: Path
) -> None:
    authority = Authority(tmp_path / "ours")
    port = _free_port()
    start(
        "port 0",
        f"tls-port {port}",
        f"requirepass {PASSWORD}",
        *_secured(authority),
    )
    url = f"rediss://:{PASSWORD}@127.0.0.1:{port}/0"
    given = {"data_dir": tmp_path, "redis_url": url}
    good = load_settings(**given, redis_ca_file=authority.file)
    assert _wait_for(lambda: connect(good).ping())
    assert _can_hand_over(good)
    other = Authority(tmp_path / "theirs")
    for settings in (
        load_settings(**given),
        load_settings(**given, redis_ca_file=other.file),
    ):
        with pytest.raises(redis.ConnectionError, match="certificate"):
            connect(settings).ping()
    # Its certificate is for 127.0.0.1 and for no name.
    named = url.replace("127.0.0.1", "localhost")
    with pytest.raises(redis.ConnectionError, match="certificate"):
        connect(
            load_settings(
                data_dir=tmp_path,
                redis_url=named,
                redis_ca_file=authority.file,
            )
        ).ping()


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_sentinel_names_the_server_that_took_over(
    start: Start, tmp_path: Path, tls: bool
) -> None:
    """The first server dies: what is handed over reaches a worker by the second."""
    authority = Authority(tmp_path / "ours")
    first, second, watcher = _free_port(), _free_port(), _free_port()
    secured = _secured(authority) if tls else ()

    def ports(number: int) -> tuple[str, str]:
        if tls:
            return "port 0", f"tls-port {number}"
        return f"port {number}", ""

    shut = (f"requirepass {PASSWORD}", f"masterauth {PASSWORD}")
    leader = start(*ports(first), *shut, *secured)
    start(
        *ports(second),
        *shut,
        *secured,
        f"replicaof 127.0.0.1 {first}",
        "repl-diskless-sync-delay 0",
    )
    settings = load_settings(
        data_dir=tmp_path,
        redis_url=f"{'rediss' if tls else 'redis'}://:{PASSWORD}@unused.example/0",
        redis_sentinels=(f"127.0.0.1:{_free_port()}", f"127.0.0.1:{watcher}"),
        redis_sentinel_name="hotline",
        redis_sentinel_password=PASSWORD,
        redis_ca_file=authority.file if tls else None,
    )
    replica = settings.model_copy(
        update={
            "redis_sentinels": (),
            "redis_url": type(settings.redis_url)(
                f"{'rediss' if tls else 'redis'}://:{PASSWORD}@127.0.0.1:{second}/0"
            ),
        }
    )
    _wait_for(
        lambda: (
            connect(replica).info("replication")["master_link_status"] == "up"
        )
    )
    start(
        *ports(watcher),
        f"requirepass {PASSWORD}",
        *secured,
        f"sentinel monitor hotline 127.0.0.1 {first} 1",
        f"sentinel auth-pass hotline {PASSWORD}",
        "sentinel down-after-milliseconds hotline 800",
        "sentinel failover-timeout hotline 4000",
        sentinel=True,
    )
    assert _wait_for(lambda: _can_hand_over(settings))
    transport = Transport(
        settings
    )  # as a process of the service, which has known the first one
    assert transport.hand_over("report.received", "now", uuid.uuid4())

    leader.kill()
    leader.wait()
    _wait_for(
        lambda: transport.hand_over("report.received", "now", uuid.uuid4()), 60
    )
    assert connect(settings).info("server")["tcp_port"] == second
