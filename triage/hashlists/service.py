"""Known-hash lists in the database: which there are, what they say of themselves, which are used.

What they hold comes in versions (``versions``).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import TypedDict, Unpack

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.errors import InvalidInput, NotFound
from hotline.core.jobs.names import JobName
from hotline.core.storage.database import insert_once
from hotline.core.storage.ids import new_id
from triage.hashlists.kinds import ListClass
from triage.hashlists.models import HashEntryRow, HashList
from triage.hashlists.search.matcher import WIDEST

LONGEST_TEXT = 200
"""Characters of what a list says of its source and its licence."""


class ListProperties(TypedDict, total=False):
    """What a list says of itself: those of its columns that people set. All may be left out."""

    source: str
    licence: str
    default_class: str
    category_map: dict[str, str]
    confidence: float
    pdq_threshold: int
    phash_threshold: int
    exportable: bool
    remote: bool
    version: int


DEFAULTS: ListProperties = {
    "source": "",
    "licence": "",
    "default_class": ListClass.BASELINE,
    "category_map": {},
    "confidence": 1.0,
    "pdq_threshold": 31,
    "phash_threshold": 8,
    "exportable": False,
    "remote": False,
    "version": 0,
}


def create_list(
    act: Act, name: str, **properties: Unpack[ListProperties]
) -> HashList:
    """The list of that name, made if there is none; ``properties`` are its columns."""
    if not name.strip() or len(name) > 80:
        raise InvalidInput("A list's name has 1 to 80 characters.")
    is_new = insert_once(
        act.session,
        HashList,
        ["name"],
        **{
            "id": new_id(),
            "name": name,
            "created_at": act.now,
            "enabled": True,
            "checkpoint": "",
            "police_asked_by": "",
            # Said here as well, because the statement goes past the model and
            # its defaults.
            **DEFAULTS,
            **properties,
        },
    )
    hash_list = act.session.scalars(
        # Locked: whoever makes or finds a list is about to change it.
        select(HashList).where(HashList.name == name).with_for_update()
    ).one()
    if is_new:
        act.record("hashlist.created", "hash_list", hash_list.id, name=name)
    return hash_list


def find_list(session: Session, name: str) -> HashList:
    hash_list = session.scalar(
        # Locked, as most who find a list are about to change it.
        select(HashList).where(HashList.name == name).with_for_update()
    )
    if hash_list is None:
        raise NotFound(
            f"There is no hash list {name!r}.",
            hint="`hotline hashlist list` shows all.",
        )
    return hash_list


def list_sizes(session: Session) -> dict[uuid.UUID, int]:
    """Current entries by list."""
    rows = session.execute(
        select(HashEntryRow.list_id, func.count())
        .where(HashEntryRow.removed_in.is_(None))
        .group_by(HashEntryRow.list_id)
    )
    return {row[0]: row[1] for row in rows}


def set_enabled(act: Act, hash_list: HashList, enabled: bool) -> None:
    hash_list.enabled = enabled
    action = "hashlist.enabled" if enabled else "hashlist.disabled"
    act.record(action, "hash_list", hash_list.id)


def set_properties(
    act: Act, hash_list: HashList, properties: ListProperties
) -> None:
    """Change what a list says of itself; every fault is named."""
    faults = [
        f"{name}: {reason}"
        for name, reason in _find_property_faults(properties)
    ]
    if faults:
        raise InvalidInput(
            "The list cannot be changed so: " + "; ".join(faults) + "."
        )
    for name, value in properties.items():
        setattr(hash_list, name, value)
    act.record(
        "hashlist.changed",
        "hash_list",
        hash_list.id,
        changed=sorted(properties),
    )
    # A threshold may have changed; a match that was found stays, with its
    # distance.
    post_rematch(act, f"{hash_list.id}:{act.now.isoformat()}")


def _find_property_faults(
    properties: ListProperties,
) -> Iterator[tuple[str, str]]:
    """Each property that cannot be, and what it may be."""
    classes = ", ".join(ListClass)
    if properties.get("default_class", ListClass.BASELINE) not in tuple(
        ListClass
    ):
        yield "default_class", f"one of {classes}"
    if not set(properties.get("category_map", {}).values()) <= set(ListClass):
        yield "category_map", f"each class is one of {classes}"
    if not 0 <= properties.get("confidence", 0) <= 1:
        yield "confidence", "0 to 1"
    if not 0 <= properties.get("pdq_threshold", 0) <= WIDEST["pdq"]:
        yield "pdq_threshold", f"0 to {WIDEST['pdq']}"
    if not 0 <= properties.get("phash_threshold", 0) <= WIDEST["phash"]:
        yield "phash_threshold", f"0 to {WIDEST['phash']}"
    if len(properties.get("source", "")) > LONGEST_TEXT:
        yield "source", f"at most {LONGEST_TEXT} characters"
    if len(properties.get("licence", "")) > LONGEST_TEXT:
        yield "licence", f"at most {LONGEST_TEXT} characters"


def post_rematch(act: Act, run: str) -> None:
    act.post(
        JobName.HASHLIST_REMATCH,
        key=f"rematch:{run}",
        payload={"run": run},
        queue="checks",
        delay=timedelta(seconds=5),
    )
