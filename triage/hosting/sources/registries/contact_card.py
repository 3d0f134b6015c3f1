"""A contact in an RDAP answer: its name and mailboxes, from jCard (RFC 7095) or JSContact.

Registries write mailboxes in many ways: in another letter case, several in one value, with a name
before it, as a link, and some only as ``contact-uri``. A contact's page on the web is no mailbox.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import getaddresses
from typing import Any
from urllib.parse import unquote

LONGEST_NAME = 200
_SHORTEST_MAILBOX = 3
_LONGEST_MAILBOX = 254
_LONGEST_VALUE = 2000
_JSCONTACT = ("jscard", "jscontact", "jscontact_card")


@dataclass(frozen=True, slots=True)
class ContactCard:
    name: str | None
    mailboxes: tuple[str, ...]


def read_card(document: Mapping[str, Any]) -> ContactCard:
    """Of an entity of an answer; empty where it has neither form of a card."""
    names: list[str] = []
    addresses: list[str] = []
    for property_name, value in [
        *_read_jcard(document.get("vcardArray")),
        *_read_jscontact(document),
    ]:
        if property_name == "email":
            addresses += _split_mailboxes(value)
        elif property_name == "contact-uri":
            if value.lower().startswith("mailto:"):
                addresses += _split_mailboxes(value)
        else:
            names.append(value.strip()[:LONGEST_NAME])
    # Backwards twice: of two spellings the first is kept, in its place.
    unique = {address.lower(): address for address in reversed(addresses)}
    return ContactCard(
        name=next(filter(None, names), None),
        mailboxes=tuple(reversed(unique.values())),
    )


def _read_jcard(card: Any) -> Iterator[tuple[str, str]]:
    """Rows of name, parameters, type and one or more values; the formatted name comes first."""
    if not isinstance(card, list) or len(card) < 2:
        return
    rows = [row for row in _as_list(card[1]) if isinstance(row, list)]
    # By property and not by row: the formatted name is the one to show.
    for wanted in ("fn", "org", "email", "contact-uri"):
        for row in rows:
            if len(row) >= 4 and str(row[0]).lower() == wanted:
                yield from ((wanted, text) for text in _flatten(row[3:]))


def _read_jscontact(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for member in _JSCONTACT:
        card = document.get(member)
        if not isinstance(card, dict):
            continue
        name = card.get("name")
        full = name.get("full") if isinstance(name, dict) else name
        yield from (("fn", text) for text in _flatten([full]))
        for kind, field, wanted in (
            ("organizations", "name", "org"),
            ("emails", "address", "email"),
            ("links", "uri", "contact-uri"),
        ):
            for entry in _list_entries(card.get(kind)):
                texts = _flatten([entry.get(field)])
                yield from ((wanted, text) for text in texts)


def _list_entries(members: Any) -> list[Mapping[str, Any]]:
    values = members.values() if isinstance(members, dict) else []
    return [value for value in values if isinstance(value, dict)]


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _flatten(values: list[Any], depth: int = 3) -> Iterator[str]:
    """The texts among the values; a structured one is a list of them."""
    for value in values:
        if isinstance(value, str) and value:
            yield value[:_LONGEST_VALUE]
        elif isinstance(value, list) and depth:
            yield from _flatten(value, depth - 1)


def _split_mailboxes(value: str) -> list[str]:
    """``a@x``, ``mailto:a@x?subject=y``, ``Abuse <a@x>``, ``a@x, b@x``."""
    text = value.strip()
    if not text.isprintable():
        return []
    if text.lower().startswith("mailto:"):
        text = unquote(text[len("mailto:") :].partition("?")[0])
    # Mail knows the comma; registries write semicolons, too.
    pairs = getaddresses(text.split(";"))
    return [address for _, address in pairs if is_mailbox(address)]


def is_mailbox(value: Any) -> bool:
    """Enough to refuse what would break a mail header; whether it receives is known by trying."""
    if not isinstance(value, str):
        return False
    if not _SHORTEST_MAILBOX <= len(value) <= _LONGEST_MAILBOX:
        return False
    if " " in value or not value.isprintable():
        return False
    if value.count("@") != 1:
        return False
    local, _, domain = value.partition("@")
    return bool(local) and "." in domain
