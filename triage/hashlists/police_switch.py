"""The switch of a list: whether a known match alone tells the police. Off, unless two want it.

Everything else about a case stays with people. A list is switched on for what is seen from then on,
so that no old case goes out by itself, also where an import matches its files anew.
"""

from __future__ import annotations

from datetime import timedelta

from flask_babel import lazy_gettext

from hotline.accounts.approvals.kinds import Kind
from hotline.accounts.approvals.service import record_agreement
from hotline.core.act import Act
from hotline.core.errors import Conflict
from hotline.core.second_person import require_two
from triage.hashlists.models import HashList

LIST_POLICE = Kind(
    "list_police",
    lazy_gettext("Tells the police automatically"),
    lazy_gettext("Tells the police automatically"),
    asking="hashlist.decide",
    granting="hashlist.decide",
    lasts=timedelta(days=1),
)


def ask_for_switch(
    act: Act, hash_list: HashList, *, second_person: bool
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
        hash_list.police_asked_by = act.actor
        _record_act(act, hash_list, "hashlist.police_asked")
        return False
    # Whoever asked cannot agree: that would be one person.
    require_two(hash_list.police_asked_by, act.actor, is_needed=second_person)
    # Of now, and not of when it was asked for: nobody had agreed then.
    hash_list.police_since = act.now
    asked_by = hash_list.police_asked_by
    record_agreement(
        act,
        LIST_POLICE,
        subject=str(hash_list.id),
        about=hash_list.name,
        asked_by=asked_by,
    )
    _record_act(act, hash_list, "hashlist.police_on", by=asked_by)
    hash_list.police_asked_by = ""
    return True


def stop_switch(act: Act, hash_list: HashList) -> None:
    """Switch it off, or take the question back; one person is enough for that."""
    if hash_list.police_since is None and not hash_list.police_asked_by:
        raise Conflict(f"{hash_list.name} is not switched on.")
    hash_list.police_since, hash_list.police_asked_by = None, ""
    _record_act(act, hash_list, "hashlist.police_off")


def state_of(hash_list: HashList) -> str:
    """``on``, ``asked`` (it waits for a second person) or ``off``."""
    if hash_list.police_since is not None:
        return "on"
    return "asked" if hash_list.police_asked_by else "off"


def _record_act(
    act: Act, hash_list: HashList, action: str, **details: str
) -> None:
    act.record(
        action, "hash_list", hash_list.id, name=hash_list.name, **details
    )
