"""Whether a list is matched with: a switch that one person asks for and another one turns."""

from __future__ import annotations

import uuid
from datetime import timedelta

from flask_babel import lazy_gettext

from hotline.accounts.approvals.kinds import Kind
from hotline.accounts.approvals.models import Approval
from hotline.accounts.approvals.service import Question, ask_approval
from hotline.core.act import Act
from hotline.core.errors import Conflict, NotFound, phrase
from triage.hashlists.models import HashList
from triage.hashlists.service import set_enabled

IN_USE, OUT_OF_USE = "in use", "out of use"


def _turn(act: Act, approval: Approval) -> None:
    set_enabled(act, _list_of(act, approval), _is_on(approval))


def _require_change(act: Act, approval: Approval) -> None:
    # Also when the other person agrees: a command at the machine may have been
    # quicker.
    if _list_of(act, approval).enabled == _is_on(approval):
        raise Conflict(phrase("It is so already."))


def _is_on(approval: Approval) -> bool:
    return approval.details.get("from_then_on") == IN_USE


def _list_of(act: Act, approval: Approval) -> HashList:
    hash_list = act.session.get(
        HashList, uuid.UUID(approval.subject), with_for_update=True
    )
    if hash_list is None:
        raise NotFound(phrase("There is no such list."))
    return hash_list


LIST_SWITCH = Kind(
    "list_switch",
    lazy_gettext("Take a list of hashes into or out of use"),
    lazy_gettext(
        "It happens at once. Out of use, nothing is matched with the list, and its entries stay; "
        "in use, files that are seen from then on are."
    ),
    asking="hashlist.decide",
    granting="hashlist.decide",
    lasts=timedelta(days=1),
    check=_require_change,
    done=_turn,
)


def ask_for_switch(
    act: Act, hash_list: HashList, *, is_on: bool, why: str
) -> Approval:
    """Ask another person to take the list into use, or out of it."""
    return ask_approval(
        act,
        Question(
            LIST_SWITCH,
            subject=str(hash_list.id),
            about=hash_list.name,
            why=why,
            details={"from_then_on": IN_USE if is_on else OUT_OF_USE},
        ),
    )
