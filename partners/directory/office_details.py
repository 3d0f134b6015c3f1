"""Of an office in the directory: the number that is called, and who is above it."""

from __future__ import annotations

import re

from hotline.core.act import Act
from hotline.core.errors import InvalidInput, phrase
from partners.channels.mail import is_mail_address
from partners.directory.models import Partner

_TELEPHONE = re.compile(r"\+?[0-9][0-9 ()/-]{1,38}")


def set_details(
    act: Act, partner: Partner, *, telephone: str, head_address: str
) -> None:
    """Change both. Letters go to the head as well: a changed address is confirmed again."""
    telephone, head_address = telephone.strip(), head_address.strip()
    faults = {}
    if telephone and not _TELEPHONE.fullmatch(telephone):
        faults["/telephone"] = phrase("This is not a telephone number.")
    if head_address and not is_mail_address(head_address):
        faults["/head_address"] = phrase("This is not an e-mail address.")
    if faults:
        raise InvalidInput(
            phrase("The office was not changed."), fields=faults
        )
    if head_address != partner.head_address:
        partner.head_entered_by = act.actor
        partner.approved_at, partner.approved_by = None, ""
    partner.telephone, partner.head_address = telephone, head_address
    act.record(
        "partner.details_changed", "partner", partner.id, telephone=telephone
    )
