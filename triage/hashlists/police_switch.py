"""The switch of a list: whether a known match alone tells the police. Off, unless two want it.

Everything else about a case stays with people. A list is switched on for what is seen from then on,
so that no old case goes out by itself, also where an import matches its files anew.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from hotline.core.errors import Conflict
from hotline.core.second_person import require_two
from hotline.core.storage import audit
from triage.hashlists.models import HashList


def ask_for_switch(
    session: Session,
    hash_list: HashList,
    *,
    actor: str,
    second_person: bool,
    now: datetime,
) -> bool:
    """Ask for the switch, or agree to what somebody else asked for; True if it is on now."""
    if hash_list.remote:
        raise Conflict(
            f"{hash_list.name} stays with its owner: its answers are no evidence of distance.",
            hint="Only a list whose entries are here can be switched on.",
        )
    if hash_list.police_since is not None:
        raise Conflict(f"{hash_list.name} is switched on already.")
    if second_person and not hash_list.police_asked_by:
        hash_list.police_asked_by = actor
        _record_act(session, hash_list, "hashlist.police_asked", actor, now)
        return False
    require_two(hash_list.police_asked_by, actor, is_needed=second_person)
    hash_list.police_since = now
    _record_act(
        session,
        hash_list,
        "hashlist.police_on",
        actor,
        now,
        by=hash_list.police_asked_by,
    )
    hash_list.police_asked_by = ""
    return True


def stop_switch(
    session: Session, hash_list: HashList, *, actor: str, now: datetime
) -> None:
    """Switch it off, or take the question back; one person is enough for that."""
    if hash_list.police_since is None and not hash_list.police_asked_by:
        raise Conflict(f"{hash_list.name} is not switched on.")
    hash_list.police_since, hash_list.police_asked_by = None, ""
    _record_act(session, hash_list, "hashlist.police_off", actor, now)


def state_of(hash_list: HashList) -> str:
    """``on``, ``asked`` (it waits for a second person) or ``off``."""
    if hash_list.police_since is not None:
        return "on"
    return "asked" if hash_list.police_asked_by else "off"


def _record_act(
    session: Session,
    hash_list: HashList,
    action: str,
    actor: str,
    now: datetime,
    **details: str,
) -> None:
    audit.record_entry(
        session,
        actor=actor,
        action=action,
        entity="hash_list",
        entity_id=hash_list.id,
        now=now,
        name=hash_list.name,
        **details,
    )
