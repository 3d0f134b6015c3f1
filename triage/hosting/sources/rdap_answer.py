"""What an RDAP answer (RFC 9083) says: of an address block its facts, of anything its mailboxes.

The answer is a stranger's: a value of another kind than expected is no value, and nothing raises.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from whoisit.parser import parse_vcard

_ENTITY_DEPTH = 6
"""Deeper nesting than any registry's."""
_LONGEST_NAME = 200
_SHORTEST_MAILBOX = 3
_LONGEST_MAILBOX = 254


@dataclass(frozen=True, slots=True)
class Entity:
    """Somebody that the answer names. ``above``: roles of all entities that it is nested under."""

    document: Mapping[str, Any]
    roles: frozenset[str]
    above: frozenset[str]

    @property
    def name(self) -> str | None:
        name = self._read_card().get("name")
        if not isinstance(name, str):
            return None
        return name[:_LONGEST_NAME] or None

    @property
    def mailboxes(self) -> list[str]:
        mailboxes = self._read_card().get("emails", [])
        return [mailbox for mailbox in mailboxes if is_mailbox(mailbox)]

    def _read_card(self) -> Mapping[str, Any]:
        return parse_vcard(self.document.get("vcardArray")) or {}


def walk_entities(
    holder: Any,
    above: frozenset[str] = frozenset(),
    depth: int = _ENTITY_DEPTH,
) -> Iterator[Entity]:
    """All entities of an answer, outermost first."""
    for document in _list_documents(holder):
        roles = _read_roles(document)
        yield Entity(document, roles, above)
        if depth:
            yield from walk_entities(document, above | roles, depth - 1)


def _list_documents(holder: Any) -> list[Mapping[str, Any]]:
    listed = holder.get("entities") if isinstance(holder, dict) else None
    if not isinstance(listed, list):
        return []
    return [document for document in listed if isinstance(document, dict)]


def _read_roles(document: Mapping[str, Any]) -> frozenset[str]:
    roles = document.get("roles")
    if not isinstance(roles, list):
        return frozenset()
    return frozenset(str(role).lower() for role in roles)


def find_registrar(data: Any) -> str | None:
    """The name of the first registrar that has one."""
    for entity in walk_entities(data):
        if "registrar" in entity.roles and entity.name:
            return entity.name
    return None


def find_abuse_mailboxes(data: Any, under: str | None = None) -> list[str]:
    """Mailboxes of all entities with the role "abuse", nearest first, each once.

    ``under="registrar"`` asks for those of the registrar: nested in it (RFC 9083 leaves the place
    open) or, where none is, at the top beside it.
    """
    desks = [
        entity for entity in walk_entities(data) if "abuse" in entity.roles
    ]
    if under is not None:
        nested = [desk for desk in desks if under in desk.above]
        desks = nested or desks
    mailboxes: dict[str, None] = {}
    for desk in desks:
        mailboxes.update(dict.fromkeys(desk.mailboxes))
    return list(mailboxes)


def find_range(data: Mapping[str, Any], address: str) -> str | None:
    """First and last address of the block; None unless ``address`` is really in it."""
    first = data.get("startAddress")
    last = data.get("endAddress")
    if not _is_range(first, last, address):
        return None
    return f"{first}-{last}"


def _is_range(first: Any, last: Any, address: str) -> bool:
    try:
        low = int(ip_address(first))
        high = int(ip_address(last))
        inside = int(ip_address(address))
    except ValueError:
        return False
    return low <= inside <= high


def find_country(data: Mapping[str, Any]) -> str | None:
    country = data.get("country")
    if not isinstance(country, str):
        return None
    is_code = len(country) == 2 and country.isalpha()
    return country.upper() if is_code else None


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
