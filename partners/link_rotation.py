"""Giving every referral and notice a link under another key, while the links before work on.

A link can be made from its subject's id, so both are known here: the new one, which the next letter
carries, and the one before, which opens its page until the grace is over and says then that it was
replaced. What is looked up by a token is moved under the key in use as well, so that nothing needs
the old key once the grace is over.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from itertools import product
from typing import cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.core.storage.ids import new_id
from hotline.core.storage.keys.key_rotations import Moved
from hotline.core.storage.keys.keyring import Keyring
from hotline.core.storage.keys.links import Linked, link_under, lookup_under
from partners.notices.models import Notice
from partners.referrals.models import Referral
from partners.replaced_links import ReplacedLink

BATCH = 100
SCOPES: tuple[tuple[str, type[Referral] | type[Notice]], ...] = (
    ("referral", Referral),
    ("notice", Notice),
)


def move_links(
    session: Session,
    keyring: Keyring,
    cursor: str,
    *,
    now: datetime,
    grace_until: datetime,
) -> Moved:
    """The next batch behind ``cursor``, which is a scope and an id."""
    scope, _, after = (cursor or f"{SCOPES[0][0]}:").partition(":")
    model = dict(SCOPES)[scope]
    query = select(model).where(model.link_mac.is_not(None)).order_by(model.id)
    if after:
        query = query.where(model.id > uuid.UUID(after))
    # One that somebody works on just now is met in the next round.
    rows = session.scalars(
        query.limit(BATCH).with_for_update(skip_locked=True, of=model)
    ).unique()
    looked_at = moved = 0
    last = None
    for row in rows:
        subject = cast(Linked, row)
        looked_at, last = looked_at + 1, subject.id
        moved += _move_link(
            session, keyring, scope, subject, now=now, grace_until=grace_until
        )
    if looked_at == BATCH:
        return Moved(looked_at, moved, f"{scope}:{last}")
    scopes = [name for name, _ in SCOPES]
    following = scopes[scopes.index(scope) + 1 :]
    return Moved(looked_at, moved, f"{following[0]}:" if following else "")


def count_older_links(session: Session, keyring: Keyring) -> int:
    """How many links are not the ones of the key in use."""
    key = keyring.bytes_of("links")
    left = 0
    for scope, model in SCOPES:
        rows = session.execute(
            select(model.id, model.link_number, model.link_mac).where(
                model.link_mac.is_not(None)
            )
        )
        left += sum(
            link_under(key, scope, row_id, number).mac != mac
            for row_id, number, mac in rows
        )
    return left


def count_links_in_grace(session: Session, now: datetime) -> int:
    """How many links of before a rotation still open something."""
    query = select(func.count(ReplacedLink.id)).where(
        ReplacedLink.works_until > now
    )
    return session.scalar(query) or 0


def _move_link(
    session: Session,
    keyring: Keyring,
    scope: str,
    subject: Linked,
    *,
    now: datetime,
    grace_until: datetime,
) -> bool:
    present, *older = keyring.keys_of("links")
    link = link_under(present, scope, subject.id, subject.link_number)
    if subject.link_mac == link.mac:
        return False
    _move_lookups(session, scope, subject, present, older)
    before = (
        link_under(key, scope, subject.id, subject.link_number)
        for key in older
    )
    token = next((o.token for o in before if o.mac == subject.link_mac), None)
    assert subject.link_mac is not None
    # Its token can be made again only under a key that is still here. Where
    # that is gone, the link is found by what was stored.
    session.add(
        ReplacedLink(
            id=new_id(),
            mac=(
                lookup_under(present, scope, token)
                if token
                else subject.link_mac
            ),
            scope=scope,
            subject_id=subject.id,
            replaced_at=now,
            works_until=grace_until,
        )
    )
    subject.link_mac = link.mac
    return True


def _move_lookups(
    session: Session,
    scope: str,
    subject: Linked,
    present: bytes,
    older: list[bytes],
) -> None:
    """Links that were replaced before are found under the key in use from now on."""
    rows = session.scalars(
        select(ReplacedLink).where(
            ReplacedLink.subject_id == subject.id, ReplacedLink.scope == scope
        )
    ).all()
    if not rows:
        return
    by_mac = {row.mac: row for row in rows}
    for made_with, number in product(
        (present, *older), range(subject.link_number + 1)
    ):
        token = link_under(made_with, scope, subject.id, number).token
        for stored_with in older:
            row = by_mac.get(lookup_under(stored_with, scope, token))
            if row is not None:
                row.mac = lookup_under(present, scope, token)
