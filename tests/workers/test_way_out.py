"""Everything that leaves the house: whatever an address looks like, it leads to nothing inside.

Each user of the guarded client is told each form of a private address. A canary listens on this
machine, and every socket that libcurl wants to open is noted: none may be.
"""

from __future__ import annotations

import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dns.message
import dns.rrset
import pycurl
import pytest

from hotline.core.errors import HotlineError
from hotline.core.network.client import GuardedClient, reach_of
from hotline.core.network.transfer import Transfer
from hotline.core.settings import Settings
from hotline.intake.api.webhooks import Receiver
from hotline.intake.inbound.mailbox import Mailbox
from partners.channels.base import Message
from partners.channels.http import HttpChannel
from partners.channels.mail import MailChannel
from partners.duty.ways import PushServer, SmsGateway
from triage.fetching.fetch import fetch_location
from triage.fetching.report import FetchLimits, FetchRequest
from triage.hashlists.owners.ncmec import HashSharing
from triage.hashlists.owners.remote import RemoteList, RemoteMatcher
from triage.hosting.sources.cloudflare import CloudflareOrigin, Reporter
from triage.hosting.sources.http import exchange_json
from workers import webhooks

ROOT = Path(__file__).parents[2]
SERVER = "127.9.9.8"
NOW = datetime(2026, 11, 20, tzinfo=UTC)

PLAIN_LOOPBACK = [
    "127.0.0.1",
    "[::1]",
    "localhost",
    "127.7.7.7",
    "[0:0:0:0:0:0:0:1]",
]
LITERALS = [
    "127.1",
    "127.0.1",
    "127.0.0.1.",
    "2130706433",
    "0x7f000001",
    "0x7F.0.0.1",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "0177.1",
    "127.0.0.0x1",
    "１２７.０.０.１",
    "127。0。0。1",
    "%31%32%37.0.0.1",
    "0",
    "0.0.0.0",
    "10.0.0.1",
    "10.1",
    "167772161",
    "172.16.0.1",
    "192.168.1.1",
    "192.168.257",
    "0xc0a80101",
    "169.254.169.254",
    "2852039166",
    "0251.0376.0251.0376",
    "100.64.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::10.0.0.1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[ff02::1]",
    "a.localhost",
    "localhost.",
]
ZONE = {
    ("loopback.test", "A"): ["127.0.0.1"],
    ("loopback6.test", "AAAA"): ["::1"],
    ("private.test", "A"): ["10.0.0.1"],
    ("metadata.test", "A"): ["169.254.169.254"],
    ("mapped.test", "AAAA"): ["::ffff:127.0.0.1"],
    ("nat64.test", "AAAA"): ["64:ff9b::7f00:1"],
    ("6to4.test", "AAAA"): ["2002:7f00:1::"],
    ("unique-local.test", "AAAA"): ["fd12::1"],
    ("several.test", "A"): ["192.168.0.1", "172.20.0.1"],
    ("several.test", "AAAA"): ["fe80::1"],
}
NAMES = sorted({name for name, _ in ZONE})


@dataclass
class Inside:
    """What must not be reached: how often somebody came, and where libcurl wanted to go."""

    port: int = 0
    visits: list[Any] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch) -> Iterator[Inside]:
    state = Inside()
    listener = socket.create_server(("127.0.0.1", 0))
    listener6 = socket.create_server(
        ("::1", listener.getsockname()[1]), family=socket.AF_INET6
    )
    state.port = listener.getsockname()[1]

    def accept(server: socket.socket) -> None:
        while True:
            try:
                connection, came_from = server.accept()
            except OSError:
                return
            state.visits.append(came_from)
            connection.close()

    for server in (listener, listener6):
        threading.Thread(target=accept, args=(server,), daemon=True).start()
    guarded = Transfer._on_socket

    def noted(self: Transfer, purpose: int, address: Any) -> Any:
        opened = guarded(self, purpose, address)
        if opened != pycurl.SOCKET_BAD:
            state.opened.append(str(address.addr[0]))
            if not str(address.addr[0]).startswith(("127.", "::1")):
                opened.close()
                return pycurl.SOCKET_BAD  # no test leaves this machine
        return opened

    monkeypatch.setattr(Transfer, "_on_socket", noted)
    yield state
    for server in (listener, listener6):
        server.shutdown(socket.SHUT_RDWR)
        server.close()


@dataclass
class NameServer:
    """``turns[name]``: addresses that are answered one after another, the last one for ever."""

    address: str = ""
    turns: dict[str, list[str]] = field(default_factory=dict)


@pytest.fixture
def name_server() -> Iterator[NameServer]:
    state = NameServer()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, channel = self.request
            query = dns.message.from_wire(data)
            asked = query.question[0]
            name = asked.name.to_text(omit_final_dot=True).lower()
            texts = ZONE.get((name, asked.rdtype.name), [])
            turns = state.turns.get(name, [])
            if turns and asked.rdtype.name == "A":
                texts = [turns.pop(0) if len(turns) > 1 else turns[0]]
            response = dns.message.make_response(query)
            if texts:
                kind = asked.rdtype.name
                records = dns.rrset.from_text(
                    asked.name, 0, "IN", kind, *texts
                )
                response.answer.append(records)
            channel.sendto(response.to_wire(), self.client_address)

    server = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler)
    state.address = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}
    )
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def settings(tmp_path: Path, name_server: NameServer) -> Settings:
    return Settings(data_dir=tmp_path, dns_server=name_server.address)


def refer(settings: Settings, url: str) -> None:
    message = Message("m@x", url, "Referral", "text", {"reference": "R-1"})
    HttpChannel(settings).send(message)


def report_to_cloudflare(settings: Settings, url: str) -> None:
    client = CloudflareOrigin(
        "account", "token", base_url=url, timeout=3, reach=reach_of(settings)
    )
    client.send_report(
        Reporter("H", "h@x.example"), ["https://site.example/1"], "why"
    )


def call_sms_gateway(settings: Settings, url: str) -> None:
    house = settings.model_copy(update={"sms_url": url})
    message = Message("m@x", "+355690000000", "Urgent", "text", {})
    SmsGateway(house).send(message)


def call_push_server(settings: Settings, url: str) -> None:
    house = settings.model_copy(update={"push_url": url})
    PushServer(house).send(Message("m@x", "topic", "Urgent", "text", {}))


def call_webhook(settings: Settings, url: str) -> None:
    context: Any = SimpleNamespace(settings=settings)
    webhooks.fire(context, Receiver("app", url, ("whsec_AAAA",)), NOW)


def ask_owner(settings: Settings, url: str) -> None:
    remote = RemoteList(
        name="Police", url=url, kinds=("md5",), timeout_seconds=3
    )
    RemoteMatcher(remote, "token", reach_of(settings)).match(
        [("md5", "0" * 32)]
    )


def update_list(settings: Settings, url: str) -> None:
    with HashSharing(
        url, "user", "password", reach=reach_of(settings), pause=lambda _: None
    ) as sharing:
        sharing.check()


def ask_registry(settings: Settings, url: str) -> None:
    answer = exchange_json(url, timeout=3, reach=reach_of(settings))
    if answer.error:
        raise HotlineError(answer.error)


def look_at_page(settings: Settings, url: str) -> None:
    request = FetchRequest(
        url,
        allowed_networks=settings.fetch_allowed_networks,
        resolver=settings.dns_server,
        limits=FetchLimits(total_seconds=3),
    )
    report = fetch_location(request, lambda data, label, seconds: {})
    if report.outcome in ("failed", "refused"):
        raise HotlineError(report.error or "")


USERS: dict[str, Callable[[Settings, str], None]] = {
    "a partner's endpoint": refer,
    "Cloudflare": report_to_cloudflare,
    "a webhook": call_webhook,
    "an SMS gateway": call_sms_gateway,
    "a push server": call_push_server,
    "an owner's list": ask_owner,
    "a shared list": update_list,
    "a registry": ask_registry,
    "a reported page": look_at_page,
}
OWN_SERVICES = (
    "an owner's list",
    "a shared list",
    "an SMS gateway",
    "a push server",
)
"""An operator may write this very machine into their address, plainly: a tunnel's end."""


PRIVATE_FORMS = [
    (user, host)
    for user in USERS
    for host in [*PLAIN_LOOPBACK, *LITERALS, *NAMES]
    if not (user in OWN_SERVICES and host in PLAIN_LOOPBACK)
]


@pytest.mark.parametrize(("user", "host"), PRIVATE_FORMS)
def test_no_form_of_a_private_address_is_reached(
    settings: Settings, inside: Inside, user: str, host: str
) -> None:
    with pytest.raises((HotlineError, ValueError)):
        USERS[user](settings, f"https://{host}:{inside.port}/x")
    assert (inside.visits, inside.opened) == ([], [])


@pytest.mark.parametrize("user", USERS)
def test_the_canary_sings_where_the_settings_allow_it(
    settings: Settings, inside: Inside, user: str
) -> None:
    """Without this, the table above would hold for users that never connect at all."""
    sandbox = settings.model_copy(
        update={"fetch_allowed_networks": ("127.0.0.0/8",)}
    )
    with pytest.raises(HotlineError):
        USERS[user](sandbox, f"https://loopback.test:{inside.port}/x")
    assert inside.visits
    assert set(inside.opened) == {"127.0.0.1"}


@pytest.mark.parametrize("user", USERS)
def test_a_name_that_turns_inwards_is_not_followed(
    settings: Settings, inside: Inside, name_server: NameServer, user: str
) -> None:
    """The first answer may be visited (nobody listens there), the second one must not be."""
    sandbox = settings.model_copy(
        update={"fetch_allowed_networks": ("127.9.9.9/32",)}
    )
    name_server.turns["turning.test"] = ["127.9.9.9", "127.0.0.1"]
    for _ in range(2):
        with pytest.raises(HotlineError):
            USERS[user](sandbox, f"https://turning.test:{inside.port}/x")
    assert inside.visits == []
    assert set(inside.opened) == {"127.9.9.9"}


@pytest.mark.parametrize(
    "user", [user for user in USERS if user != "a reported page"]
)
def test_nothing_of_ours_travels_in_the_clear(
    settings: Settings, inside: Inside, user: str
) -> None:
    with pytest.raises((HotlineError, ValueError)):
        USERS[user](settings, "http://93.184.215.14/x")
    assert inside.opened == []


@pytest.mark.parametrize("name", NAMES)
def test_the_mail_server_s_name_leads_to_nothing_inside(
    settings: Settings,
    inside: Inside,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connected: list[Any] = []
    monkeypatch.setattr(
        socket.socket,
        "connect",
        lambda _self, address: connected.append(address),
    )
    house = settings.model_copy(
        update={
            "smtp_host": name,
            "smtp_port": inside.port,
            "smtp_security": "none",
        }
    )
    message = Message("m@x", "desk@partner.example", "Notice", "text", {})
    with pytest.raises(HotlineError, match="must not be reached"):
        MailChannel(house).send(message)
    assert [each for each in connected if each[1] == inside.port] == []


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize("name", NAMES)
def test_the_mailbox_s_name_leads_to_nothing_inside(
    settings: Settings, inside: Inside, name: str, security: str
) -> None:
    house = settings.model_copy(
        update={
            "imap_host": name,
            "imap_port": inside.port,
            "imap_security": security,
        }
    )
    with (
        pytest.raises(HotlineError, match="must not be reached"),
        Mailbox(house),
    ):
        pass
    assert inside.visits == []


def test_a_private_mail_server_can_be_allowed_by_name(
    settings: Settings, inside: Inside
) -> None:
    house = settings.model_copy(
        update={
            "smtp_host": "loopback.test",
            "smtp_port": inside.port,
            "smtp_security": "none",
            "mail_networks": ("127.0.0.0/8",),
        }
    )
    message = Message("m@x", "desk@partner.example", "Notice", "text", {})
    with pytest.raises(HotlineError, match="The mail server failed"):
        MailChannel(house).send(message)
    assert len(inside.visits) == 1


# redirects, time and size


@pytest.fixture
def server() -> Iterator[Any]:
    """Sends ``answer`` to whoever comes; then ``drip`` again and again, unless it is None."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            here: Any = self.server
            request = self.request.recv(65_536)
            here.requests.append(request)
            self.request.sendall(here.answer)
            with suppress(OSError):
                while here.drip is not None and not here.over.wait(here.pause):
                    self.request.sendall(here.drip)

    made: Any = socketserver.ThreadingTCPServer((SERVER, 0), Handler)
    made.daemon_threads, made.block_on_close = True, False
    made.requests, made.answer, made.drip, made.pause = [], b"", None, 0.05
    made.over = threading.Event()
    made.url = f"http://{SERVER}:{made.server_address[1]}"
    thread = threading.Thread(
        target=made.serve_forever, kwargs={"poll_interval": 0.02}
    )
    thread.start()
    yield made
    made.over.set()
    made.shutdown()
    made.server_close()
    thread.join()


def sandboxed(settings: Settings, **limits: Any) -> GuardedClient:
    """A client that may visit the server above, and nothing else on this machine."""
    own = settings.model_copy(
        update={"fetch_allowed_networks": (f"{SERVER}/32",)}
    )
    chosen = {"seconds": 2, "most_bytes": 1_000, "redirects": 3, **limits}
    return GuardedClient(reach_of(own), **chosen)


def redirect(location: str) -> bytes:
    lines = (
        "HTTP/1.1 302 Found",
        f"Location: {location}",
        "Content-Length: 0",
        "",
        "",
    )
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize("host", [*PLAIN_LOOPBACK, *LITERALS, *NAMES])
def test_a_redirect_leads_to_nothing_inside(
    settings: Settings, inside: Inside, server: Any, host: str
) -> None:
    server.answer = redirect(f"https://{host}:{inside.port}/")
    with sandboxed(settings) as client:
        reply = client.get(server.url)
    assert reply.is_refused
    assert (inside.visits, inside.opened) == ([], [SERVER])


def test_a_redirect_out_of_tls_is_not_followed(
    settings: Settings, inside: Inside, server: Any
) -> None:
    server.answer = redirect("http://93.184.215.14/")
    with sandboxed(settings) as client:
        assert client.get(server.url).error == "not_https"
    assert inside.opened == [SERVER]


def test_redirects_are_counted_and_a_message_is_never_sent_on(
    settings: Settings, server: Any
) -> None:
    server.answer = redirect(server.url)
    with sandboxed(settings) as client:
        assert client.get(server.url).error == "too_many_redirects"
        assert len(server.requests) == 4
        reply = client.post(server.url, b"{}")
    assert (reply.status, reply.error, len(server.requests)) == (302, "", 5)


def test_a_key_is_not_carried_to_another_host(
    settings: Settings, server: Any
) -> None:
    other = f"http://other.test:{server.server_address[1]}/"
    server.answer = redirect(other)
    named = settings.model_copy(update={"fetch_hosts": {"other.test": SERVER}})
    headers = {"Authorization": "Bearer secret", "Accept": "application/json"}
    with sandboxed(named, redirects=1) as client:
        client.get(server.url, headers=headers)
    first, second = server.requests
    assert b"Bearer secret" in first
    assert b"Bearer secret" not in second
    assert b"Accept: application/json" in second


@pytest.mark.parametrize(
    ("begun", "drip"),
    [
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"h"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", b"b"),
        (b"", b""),
    ],
    ids=["headers", "body", "silence"],
)
def test_a_slow_answer_ends_in_time(
    settings: Settings, server: Any, begun: bytes, drip: bytes
) -> None:
    server.answer, server.drip = begun, drip
    started = time.monotonic()
    with sandboxed(settings, seconds=1) as client:
        reply = client.get(server.url)
    assert reply.error == "timeout"
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("user", ["a partner's endpoint", "a registry"])
def test_an_endless_answer_is_read_up_to_a_limit(
    settings: Settings, server: Any, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    received: list[int] = []
    read = Transfer._on_body

    def counted(self: Transfer, chunk: bytes) -> int:
        received.append(len(chunk))
        return read(self, chunk)

    monkeypatch.setattr(Transfer, "_on_body", counted)
    server.answer = (
        b"HTTP/1.1 500 No\r\nContent-Type: application/json\r\n\r\n"
    )
    server.drip, server.pause = b"x" * 1_000_000, 0.0
    own = settings.model_copy(
        update={"fetch_allowed_networks": (f"{SERVER}/32",)}
    )
    with pytest.raises(HotlineError):
        USERS[user](own, server.url)
    assert 0 < sum(received) < 3_000_000


@pytest.mark.parametrize(
    "line",
    [
        "import httpx",
        "import requests",
        "import urllib3",
        "import aiohttp",
        "import pycurl",
        "import smtplib",
        "import imaplib",
        "import urllib.request",
        "from urllib.request import urlopen",
        "import http.client",
        "from http.client import HTTPSConnection",
        "import socket\n\nsocket.create_connection",
    ],
)
@pytest.mark.parametrize(
    "folder", ["hotline/accounts", "triage/items", "workers"]
)
def test_no_other_client_passes_the_lint(line: str, folder: str) -> None:
    command = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--select",
        "TID251",
        "--quiet",
    ]
    checked = subprocess.run(
        [*command, "--stdin-filename", f"{folder}/new.py", "-"],
        input=f"{line}\n",
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert checked.returncode == 1
    assert "is banned" in checked.stdout
