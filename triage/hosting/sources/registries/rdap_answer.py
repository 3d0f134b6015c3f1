"""What an RDAP answer (RFC 9083) says: of an address block its facts, of anything its mailboxes.

The answer is a stranger's: a value of another kind than expected is no value, and nothing raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from triage.hosting.sources.registries.contact_card import read_card

_ENTITY_DEPTH = 6
"""Deeper nesting than any registry's."""
_BETWEEN_ROLES = re.compile(r"[,;\s]+")


@dataclass(frozen=True, slots=True)
class Entity:
    """Somebody that the answer names. ``above``: roles of all entities that it is nested under."""

    document: Mapping[str, Any]
    roles: frozenset[str]
    above: frozenset[str]

    @property
    def name(self) -> str | None:
        return read_card(self.document).name

    @property
    def mailboxes(self) -> tuple[str, ...]:
        return read_card(self.document).mailboxes


def walk_entities(
    holder: Any,
    above: frozenset[str] = frozenset(),
    depth: int = _ENTITY_DEPTH,
) -> Iterator[Entity]:
    """All entities of an answer, outermost first."""
    for document in _list_documents(holder):
        roles = _read_roles(document)
        yield Entity(document, roles, above)
        # An answer could nest for ever.
        if depth:
            yield from walk_entities(document, above | roles, depth - 1)


def _list_documents(holder: Any) -> list[Mapping[str, Any]]:
    listed = holder.get("entities") if isinstance(holder, dict) else None
    if not isinstance(listed, list):
        return []
    return [document for document in listed if isinstance(document, dict)]


def _read_roles(document: Mapping[str, Any]) -> frozenset[str]:
    """A list by RFC 9083; some answers have one role as a text, or several in it."""
    roles = document.get("roles")
    listed = [roles] if isinstance(roles, str) else roles
    if not isinstance(listed, list):
        return frozenset()
    words = _BETWEEN_ROLES.split(" ".join(map(str, listed)).lower())
    return frozenset(filter(None, words))


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
        # Some registrars stand beside their own desk.
        desks = nested or desks
    mailboxes: dict[str, None] = {}
    for desk in desks:
        mailboxes.update(dict.fromkeys(desk.mailboxes))
    return list(mailboxes)


def find_range(data: Mapping[str, Any], address: str) -> str | None:
    """First and last address of the block; None unless ``address`` is really in it."""
    first = data.get("startAddress")
    last = data.get("endAddress")
    # What does not hold the address is another block's answer, or nonsense.
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
