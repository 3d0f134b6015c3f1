"""Mail from partners: who may send, whether it was they who sent, and what it says.

The proof is DKIM (RFC 6376): a valid signature, by the domain of the From field, over the fields
and the whole body. Only senders that the organisation wrote down get in; whatever a mail says of
itself counts for nothing without that.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from email.message import Message
from email.utils import getaddresses
from pathlib import Path
from typing import Any, ClassVar, Literal

import dkim
import dns.exception
import dns.resolver
from dkim.util import InvalidTagValueList, parse_tag_value
from pydantic import ConfigDict

from hotline.core.datafiles.files import read_toml
from hotline.core.datafiles.shapes import parse_file
from hotline.core.errors import InvalidInput, Misconfigured, Unavailable
from hotline.core.network.resolve import make_resolver
from hotline.intake.inbound import mime
from hotline.intake.inbound.findings import Inbound
from hotline.intake.inbound.formats import arf, ncmec, plain, xarf
from hotline.intake.inbound.formats.plain import FindPlaces
from hotline.intake.registry.vocabulary import ReporterRole

FILE = "mail_senders.toml"
DNS_SECONDS = 5.0
MAX_SIGNATURES = 8
"""A mail gathers one or two on its way; each costs a question to the DNS."""
MINIMUM_KEY = 1024  # bits of RSA, RFC 8301
ALGORITHMS = (b"rsa-sha256", b"ed25519-sha256")  # RFC 8301 forbids rsa-sha1
# What a report is taken from and told apart by must be what the signer saw.
SIGNED = frozenset({b"from", b"subject", b"date", b"message-id"})
ONCE = SIGNED | {
    b"content-type",
    b"content-transfer-encoding",
    b"mime-version",
    b"sender",
}
_RUN = re.compile(rb"[\t ]+")
_FROM = re.compile(
    r"(?:[^<>]*<)?([\w.!#$%&'*+/=?^`{|}~-]+)@([A-Za-z0-9.-]+)>?"
)
_READ = {
    "arf": arf.read,
    "xarf": xarf.read,
    "ncmec": ncmec.read,
}

DnsFunction = Callable[..., bytes | None]
"""``(name, timeout=seconds)`` -> the TXT record, None if there is none; Unavailable if unknown."""

# The library tells its logger values of the mail; they are nobody's business.
_SILENT = logging.Logger("dkim", logging.CRITICAL + 1)


@dataclass(frozen=True, slots=True)
class Sender:
    """``address`` or else ``domain`` (all its addresses); ``signed_by``: d= where it is another."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    name: str
    proof: Literal["dkim"]
    format: Literal["arf", "xarf", "plain", "ncmec"]
    reporter_role: ReporterRole
    address: str = ""
    domain: str = ""
    signed_by: str = ""

    @property
    def of_domain(self) -> str:
        return (self.domain or self.address.rpartition("@")[2]).lower()

    @property
    def signer(self) -> str:
        return self.signed_by.lower() or self.of_domain

    def wrote(self, address: str) -> bool:
        if self.address:
            return address.lower() == self.address.lower()
        return address.rpartition("@")[2].lower() == self.of_domain


@dataclass(frozen=True, slots=True)
class Mail:
    """An authenticated mail. ``message_id`` is signed, so it tells repetitions apart."""

    sender: Sender
    message_id: str
    found: tuple[Inbound, ...]


@dataclass(frozen=True, slots=True)
class _File:
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    senders: tuple[Sender, ...]


def load_senders(override_dir: Path | None = None) -> tuple[Sender, ...]:
    """The allow-list; ``Misconfigured`` names every fault at once."""
    data = read_toml("hotline.intake", FILE, override_dir)
    senders = parse_file(_File, FILE, data).senders
    faults = [
        f"{sender.name or '?'}: {fault}"
        for sender in senders
        for fault in _find_sender_faults(sender)
    ]
    addresses = [
        (sender.address or sender.domain).lower() for sender in senders
    ]
    faults += [
        f"{name} is there twice"
        for name in sorted({n for n in addresses if addresses.count(n) > 1})
    ]
    if faults:
        raise Misconfigured(f"Data file {FILE}: {'; '.join(faults)}.")
    return senders


def _find_sender_faults(sender: Sender) -> list[str]:
    faults = []
    if not 0 < len(sender.name) <= 80:
        faults.append("the name must have 1 to 80 characters")
    if bool(sender.address) == bool(sender.domain):
        faults.append("give either address or domain")
    elif sender.address and not _FROM.fullmatch(sender.address):
        faults.append("the address is none")
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", sender.of_domain):
        faults.append("the domain is none")
    mine, signer = f".{sender.of_domain}", f".{sender.signer}"
    if (
        not (mine.endswith(signer) or signer.endswith(mine))
        or "." not in sender.signer
    ):
        faults.append(
            "signed_by must be the domain, a parent or a subdomain of it"
        )
    return faults


def read_mail(
    raw: bytes,
    senders: tuple[Sender, ...],
    *,
    ask: DnsFunction,
    find_places: FindPlaces,
) -> Mail:
    """The reports of a mail by an allow-listed sender. ``InvalidInput`` says why it doesn't get in;
    ``Unavailable`` that the DNS does not answer, so that nothing is known yet."""
    mime.check_message(raw)
    sender, message_id = authenticate_mail(raw, senders, ask=ask)
    message = mime.parse_message(raw)
    # One reader of headers has checked the signature, and this is another one.
    if [v.strip() for v in message.get_all("Message-ID", [])] != [message_id]:
        raise InvalidInput(
            "The header of the message can be read in two ways."
        )
    reports = tuple(
        # Who a sender is was agreed on with the organisation; what its format
        # says does not count.
        report
        if report.says_role
        else replace(
            report,
            submission=report.submission.model_copy(
                update={"reporter_role": sender.reporter_role}
            ),
        )
        for report in _read_reports(message, sender, find_places)
    )
    return Mail(sender, message_id, reports)


def _read_reports(
    message: Message, sender: Sender, find_places: FindPlaces
) -> tuple[Inbound, ...]:
    if sender.format == "plain":
        return plain.read(message, find_places)
    return _READ[sender.format](message)


def authenticate_mail(
    raw: bytes, senders: tuple[Sender, ...], *, ask: DnsFunction
) -> tuple[Sender, str]:
    """The sender that this mail provably is from, and the mail's Message-ID; errors as ``read``."""
    try:
        checker = dkim.DKIM(
            raw, logger=_SILENT, minkey=MINIMUM_KEY, timeout=DNS_SECONDS
        )
    except (dkim.DKIMException, LookupError, ValueError):
        raise InvalidInput(
            "The header of the message cannot be read."
        ) from None
    fields = _signature_fields(checker.headers)
    address = _from_address(fields[b"from"])
    sender = next(
        (candidate for candidate in senders if candidate.wrote(address)), None
    )
    if sender is None:
        raise InvalidInput("The sender is not on the list of mail senders.")
    signatures = sum(
        name.lower() == b"dkim-signature" for name, _ in checker.headers
    )
    reasons = []
    # Each signature asks for a form of its own, made from the body as it came.
    body = checker.body
    for index in range(min(signatures, MAX_SIGNATURES)):
        reason = _refuse_signature(
            checker, index, body, sender.signer, SIGNED & fields.keys(), ask
        )
        if not reason:
            return sender, fields[b"message-id"]
        reasons.append(reason)
    raise InvalidInput(
        f"No proof of the sender: {', '.join(reasons) or 'no signature'}."
    )


def _signature_fields(headers: list[tuple[bytes, bytes]]) -> dict[bytes, str]:
    """The header as the signature's reader sees it: lower-case name -> value."""
    names = [name.lower() for name, _ in headers]
    doubled = [name.decode() for name in sorted(ONCE) if names.count(name) > 1]
    missing = [
        name.decode()
        for name in (b"from", b"date", b"message-id")
        if name not in names
    ]
    # Of a field that is there twice, one reader takes the first and another
    # the last.
    if doubled or missing:
        reasons = [f"{name} is there twice" for name in doubled]
        reasons += [f"{name} is missing" for name in missing]
        raise InvalidInput(
            f"The header of the message is not in order: {', '.join(reasons)}."
        )
    return {
        name.lower(): value.decode("utf-8", "replace").strip()
        for name, value in headers
    }


def _from_address(value: str) -> str:
    """The one address of a From field; no comments, groups or lists: others read them otherwise."""
    line = " ".join(value.split())
    match = _FROM.fullmatch(line)
    if match is None or [address for _, address in getaddresses([line])] != [
        f"{match[1]}@{match[2]}"
    ]:
        raise InvalidInput("The From field does not hold one plain address.")
    return f"{match[1]}@{match[2]}"


def _refuse_signature(
    checker: Any,
    index: int,
    body: bytes,
    signer: str,
    wanted: frozenset[bytes],
    ask: DnsFunction,
) -> str:
    """Why the signature is no proof, "" if it is. Only the right domain's DNS is asked."""
    try:
        checker.verify_headerprep(index)
        tags = checker.signature_fields
        # Before the DNS is asked: a stranger must not choose whom we ask.
        if tags[b"d"].lower() != signer.encode():
            return "a signature of another domain"
        # Whoever relays it may add to the body after such a signature.
        if b"l" in tags:
            return "a signature over a part of the body (l=)"
        if tags[b"a"] not in ALGORITHMS:
            return "a signature by an algorithm that is no longer allowed"
        if not wanted <= set(checker.include_headers):
            return (
                "a signature that leaves out From, Subject, Date or Message-ID"
            )
        # The library strips trailing white space in quadratic time. To the relaxed form every run
        # is one space, so with runs of one it comes to the same at once.
        relaxed = tags.get(b"c", b"").endswith(b"/relaxed")
        checker.body = _RUN.sub(b" ", body) if relaxed else body
        holds = checker.verify(
            index, dnsfunc=lambda name, timeout: _ask_key(ask, name, timeout)
        )
    except Unavailable:
        raise
    except Exception:
        # Whatever a hostile signature does to its reader, it is no proof.
        return "a signature that cannot be read or has expired"
    return "" if holds else "a signature that does not hold"


def _ask_key(ask: DnsFunction, name: bytes, timeout: float) -> bytes | None:
    """The key's record; one that is marked as a test (t=y) proves nothing (RFC 6376, 3.6.1)."""
    record = ask(name, timeout=timeout)
    if record is None:
        return None
    try:
        flags = parse_tag_value(record).get(b"t", b"").split(b":")
    except InvalidTagValueList:
        return None
    return None if b"y" in [flag.strip() for flag in flags] else record


def dns_function(server: str = "") -> DnsFunction:
    """Asks ``server`` (address:port) or the system's resolver for TXT records."""
    resolver = make_resolver(server)

    def ask(name: bytes, timeout: float = DNS_SECONDS) -> bytes | None:
        try:
            answer = resolver.resolve(
                name.decode("ascii"), "TXT", lifetime=timeout
            )
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return None
        except dns.exception.DNSException as error:
            raise Unavailable(
                f"The DNS did not say a sender's key: {type(error).__name__}."
            ) from None
        # Several records under one name: which is meant is undefined (RFC 6376, 3.6.2.2).
        records = [b"".join(record.strings) for record in answer]
        return records[0] if len(records) == 1 else None

    return ask
