"""The sandbox's own servers, one process on loopback: the provider's web host, and the inboxes.

Everything it holds is generated and in memory. Taking a picture down on its control page is what a
host does after a notice; the service finds that out by itself.
"""

from __future__ import annotations

import html
import json
import re
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs

from aiosmtpd.controller import Controller

from hotline.core.settings import Settings
from workers.demo import pictures, world

MAX_BODY = 1_000_000
MAX_MESSAGES = 200
STYLE = """
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, "DejaVu Sans", sans-serif; margin: 0;
  overflow-wrap: anywhere }
main { max-width: 64rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2rem }
table { border-collapse: collapse } th, td { text-align: left; padding: .25rem 1rem .25rem 0 }
form { margin: 0 } button { font: inherit; padding: .1rem .6rem; min-height: 24px }
code { font-size: .95em } strong { font-weight: 600; font-size: .9em }
summary { cursor: pointer; padding: .2rem 0; min-height: 24px }
pre { white-space: pre-wrap; border-left: 4px solid; padding: .2rem 1rem }
pre { font: 14px/1.5 ui-monospace, "DejaVu Sans Mono", monospace }
"""


@dataclass(frozen=True, slots=True)
class Message:
    """What arrived: a mail, or a referral by HTTP. ``attachments``: their file names."""

    at: str
    to: str
    subject: str
    text: str
    attachments: tuple[str, ...] = ()


@dataclass
class State:
    """What was taken down, and what arrived. Guarded by ``lock``."""

    gone: set[str] = field(default_factory=set)
    messages: list[Message] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def deliver_message(
        self, to: str, subject: str, text: str, attachments: Iterable[str] = ()
    ) -> None:
        at = f"{datetime.now(UTC):%H:%M:%S}"
        message = Message(at, to, subject, text, tuple(attachments))
        with self.lock:
            self.messages.append(message)
            # A sandbox may run for weeks, and holds all of it in memory.
            del self.messages[:-MAX_MESSAGES]


class MailSink:
    """Takes every mail; a mailbox named ``unknown`` does not exist."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def handle_RCPT(  # noqa: N802
        self,
        _server: Any,
        _session: Any,
        envelope: Any,
        address: str,
        _options: list[str],
    ) -> str:
        # So that a delivery which fails can be seen in the demo, too.
        if address.startswith("unknown@"):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any
    ) -> str:
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        body = mail.get_body(("plain",))
        text = body.get_content() if body else ""
        names = [
            part.get_filename() or "?" for part in mail.iter_attachments()
        ]
        recipients = ", ".join(envelope.rcpt_tos)
        subject = str(mail["Subject"])
        self._state.deliver_message(recipients, subject, text, names)
        return "250 Message accepted"


class Handler(BaseHTTPRequestHandler):
    """Shared plumbing of both web servers; nothing is logged."""

    protocol_version = "HTTP/1.1"
    state: ClassVar[State]
    isp_port: ClassVar[int]
    links: ClassVar[str]  # how links of the service begin

    def log_message(self, *_: object) -> None:
        """The sandbox keeps no log either."""

    def send_answer(
        self,
        status: int,
        body: str | bytes,
        kind: str = "text/html; charset=utf-8",
    ) -> None:
        data = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def read_body(self) -> bytes:
        length = int(self.headers.get("Content-Length") or 0)
        most = min(length, MAX_BODY)
        return self.rfile.read(most)


class WebHost(Handler):
    """The provider: one server, several host names, by the Host header."""

    def do_GET(self) -> None:
        if self.path == world.CONTROL_PATH:
            self.send_answer(200, "<p>The network works.</p>")
            return
        asked_of = self.headers.get("Host") or ""
        host, _, _ = asked_of.partition(":")
        shown = self._list_shown(host)
        for page in shown:
            if page.path == self.path:
                self._send_page(page)
                return
        self._send_picture(shown)

    def _list_shown(self, host: str) -> list[world.Page]:
        """Pages of this host that are not taken down."""
        return [
            page
            for page in world.PAGES
            if page.site == host
            and f"{host}{page.path}" not in self.state.gone
        ]

    def _send_page(self, page: world.Page) -> None:
        images = ""
        for name in page.pictures:
            caption = f"<figcaption>{name}</figcaption>"
            images += (
                f'<figure><img src="/p/{name}.jpg" alt="">{caption}</figure>'
            )
        text = "Generated shapes of the sandbox. " * 8
        title = f"<title>{page.path}</title>"
        self.send_answer(200, f"<!doctype html>{title}<p>{text}</p>{images}")

    def _send_picture(self, shown: Iterable[world.Page]) -> None:
        """A picture goes with its page: taken down, it is not found either."""
        for page in shown:
            for name in page.pictures:
                if self.path == f"/p/{name}.jpg":
                    picture = pictures.draw_picture(name)
                    data = pictures.encode_jpeg(picture)
                    self.send_answer(200, data, "image/jpeg")
                    return
        self.send_answer(
            404, "<!doctype html><title>Not found</title><p>Not found.</p>"
        )


class Inbox(Handler):
    """What police, providers and the partner hotline received, and the provider's own desk."""

    def do_GET(self) -> None:
        if self.path == "/messages.json":
            with self.state.lock:
                messages = [asdict(each) for each in self.state.messages]
            self.send_answer(200, json.dumps(messages), "application/json")
            return
        self.send_answer(200, self._render_page())

    def do_POST(self) -> None:
        if self.path == "/hotline-rs/referrals":
            self._take_referral()
            return
        written = self.read_body().decode("utf-8", "replace")
        form = parse_qs(written)
        key = form.get("page", [""])[0]
        with self.state.lock:
            if self.path == "/take-down":
                self.state.gone.add(key)
            elif self.path == "/put-back":
                self.state.gone.discard(key)
        self.send_response(303)
        self.send_header("Location", "/")
        # Over HTTP/1.1 a browser would wait for a body that does not come.
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _take_referral(self) -> None:
        """The partner hotline's end of the line: takes a referral and gives its own number."""
        document = json.loads(self.read_body() or b"{}")
        subject = f"Referral {document.get('reference', '')}"
        text = json.dumps(document, indent=2, ensure_ascii=False)
        self.state.deliver_message(
            "partner hotline (RS), by HTTP", subject, text
        )
        number = f"RS-SANDBOX-{len(self.state.messages):04d}"
        self.send_answer(
            201, json.dumps({"reference": number}), "application/json"
        )

    def _render_page(self) -> str:
        with self.state.lock:
            rows = [self._render_row(page) for page in world.PAGES]
            mails = [self._render_mail(mail) for mail in self.state.messages]
        listed = "".join(rows)
        newest_first = "".join(reversed(mails)) or "<p>Nothing yet.</p>"
        return (
            "<!doctype html><html lang=en><meta charset=utf-8>"
            "<meta name=viewport content='width=device-width, initial-scale=1'>"
            "<title>Sandbox</title><link rel=icon href='data:,'>"
            f"<style>{STYLE}</style><main><h1>Sandbox: the host's desk and all inboxes</h1>"
            "<p>Everything here is generated. Nothing leaves this machine.</p>"
            f"<h2>Pages on the web host</h2><table><thead><tr><th>Page<th>State<th>The host's hand"
            f"</tr></thead><tbody>{listed}</tbody></table>"
            f"<h2>Received</h2>{newest_first}</main></html>"
        )

    def _render_row(self, page: world.Page) -> str:
        key = f"{page.site}{page.path}"
        state, action, label = "up", "take-down", "Take down"
        if key in self.state.gone:
            state, action, label = "gone", "put-back", "Put back"
        address = html.escape(world.page_url(page, self.isp_port))
        fresh = ""
        if page not in world.REPORTED:
            fresh = " <strong>not reported yet: report it</strong>"
        button = f"<button aria-label='{label}: {address}'>{label}</button>"
        hidden = f"<input type=hidden name=page value='{html.escape(key)}'>"
        return (
            f"<tr><td><code>{address}</code>{fresh}</td><td>{state}</td>"
            f"<td><form method=post action='/{action}'>{hidden}{button}"
            "</form></td></tr>"
        )

    def _render_mail(self, message: Message) -> str:
        """A letter. Its link to the service works; those to the pages in question stay words."""
        text = html.escape(message.text)
        links = re.findall(re.escape(self.links) + r"/[\w./-]+", text)
        before = ""
        for link in links:
            before += f"<p>Its link: <a href='{link}'>{link}</a></p>"
        attached = html.escape(", ".join(message.attachments))
        if attached:
            before += f"<p>Attached: {attached}</p>"
        to = html.escape(message.to)
        subject = html.escape(message.subject)
        return (
            f"<details><summary>{message.at} UTC · {to} · {subject}</summary>"
            f"{before}<pre>{text}</pre></details>"
        )


def serve_sandbox(settings: Settings) -> None:
    """Run all three servers until the process is told to stop."""
    state = State()
    isp_port = settings.port + world.ISP_PORT_OFFSET
    for handler in (WebHost, Inbox):
        handler.state = state
        handler.isp_port = isp_port
        handler.links = settings.provider_url
    mail = Controller(
        MailSink(state),
        hostname="127.0.0.1",
        port=settings.port + world.SMTP_PORT_OFFSET,
    )
    mail.start()
    hosts = [
        ThreadingHTTPServer((address, isp_port), WebHost)
        for address in ("127.0.0.1", *world.ABUSE_DESKS)
    ]
    inbox = ThreadingHTTPServer(
        ("127.0.0.1", settings.port + world.INBOX_PORT_OFFSET), Inbox
    )
    # Before the inbox, which keeps this thread.
    for server in hosts:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    inbox.serve_forever()
