"""A page that was reported, visited and looked up, with one picture on it."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from hotline.core.storage.ids import new_id
from tests.support.items import make_item, make_media, make_sight
from triage.items.models import HostingHop, HostingObservation, Item, Visit


def store_page(
    session: Session, name: str, *, abuse_contact: str | None, now: datetime
) -> Item:
    """``name`` is in its address, and makes it another page than any other."""
    url = f"http://{name}.test/p/1"
    item = make_item(
        f"url:{name}",
        now=now,
        canonical=url,
        display=url,
        host=f"{name}.test",
        fetchable=True,
        sighting_count=2,
        first_reported_at=now - timedelta(days=1),
        hosting_kind="host",
        hosting_country="AL",
        asn="AS64500",
        abuse_contact=abuse_contact,
    )
    session.add(item)
    session.flush()
    _store_hosting(session, item, now)
    _store_visit(session, item, now)
    return item


def _store_hosting(session: Session, item: Item, now: datetime) -> None:
    hop = HostingHop(
        item_id=item.id,
        number=1,
        at=now,
        kind="host",
        country="AL",
        asn="AS64500",
    )
    address = HostingObservation(
        item_id=item.id,
        fact="address",
        value="192.0.2.7",
        source="DNS",
        at=now,
        confidence=0.9,
    )
    session.add_all([hop, address])


def _store_visit(session: Session, item: Item, now: datetime) -> None:
    visit = Visit(
        id=new_id(),
        item_id=item.id,
        at=now,
        purpose="first",
        outcome="ok",
        status=200,
        report={"requested": item.canonical, "status": 200},
    )
    picture = make_media(
        now=now,
        sha256=uuid.uuid4().hex * 2,
        sha1="1" * 40,
        md5="2" * 32,
        media_type="image/jpeg",
        size=1000,
        width=64,
        height=64,
        pdq="ab" * 32,
        pdq_quality=90,
        hashable=True,
    )
    session.add_all([visit, picture])
    session.flush()
    where = f"{item.canonical}.jpg"
    session.add(make_sight(item, picture, now=now, url=where, source="img"))
