"""How one item is fetched where the ordinary way shows nothing: cookies, referrer, name, route.

Some hosts show what was reported only to visitors who come from a certain page, or who clicked a
question away, or from a certain country. An analyst may say so for an item; every fetch of it and
every availability look then comes that way. Cookies, and a user name and password that stood in
the reported address, are sealed under a key of their own; neither is ever shown again.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import InvalidInput, Misconfigured, phrase
from hotline.core.jobs.names import JobName
from hotline.core.network.targets import parse_target
from hotline.core.settings import TOR_ROUTE, Settings
from hotline.core.storage import audit
from hotline.core.storage.database import insert_once
from hotline.core.storage.ids import new_id
from triage.fetching.report import FetchRequest
from triage.items.models import HostingObservation, Item, ItemAccess

LONGEST_COOKIES = 8_000
LONGEST_REFERRER = 2_000
LONGEST_USER_AGENT = 400
_SEALED = ("cookies", "userinfo")
_PLAIN = ("referrer", "user_agent", "route")


@dataclass(frozen=True, slots=True)
class Access:
    """Empty means: as for every other item. ``cookies`` is the value of a ``Cookie`` header,
    ``userinfo`` "name:password" in the URL's own percent-encoding."""

    cookies: str = field(default="", repr=False)
    userinfo: str = field(default="", repr=False)
    referrer: str = ""
    user_agent: str = ""
    route: str = ""


NOTHING_SPECIAL = Access()


def routes_of(settings: Settings) -> Sequence[str]:
    """Names of the ways that this installation may fetch by, beside the direct one."""
    return (
        *((TOR_ROUTE,) if settings.tor_proxy else ()),
        *sorted(settings.fetch_routes),
    )


def fetch_request(
    item: Item,
    settings: Settings,
    access: Access = NOTHING_SPECIAL,
    *,
    proxy: str = "",
) -> FetchRequest:
    """``proxy`` is a second vantage point, in place of the item's route; onion services always go
    through Tor. A route that the settings no longer name is ``Misconfigured``: going by another
    one would show a host who comes, or judge by what others are shown."""
    # A second vantage point is there to come from elsewhere.
    way = proxy or _proxy_of(access.route, settings)
    socks = (
        settings.tor_proxy
        # No other way leads there.
        if item.kind == "onion"
        else way
        if "socks" in way[:5]
        else ""
    )
    return FetchRequest(
        url=item.canonical,
        allowed_networks=settings.fetch_allowed_networks,
        resolver=settings.dns_server or None,
        hosts=dict(settings.fetch_hosts),
        user_agent=access.user_agent or settings.user_agent,
        referrer=access.referrer or None,
        cookies=access.cookies or None,
        userinfo=access.userinfo or None,
        socks_proxy=socks or None,
        http_proxy=way
        if way.startswith("http") and item.kind != "onion"
        else None,
    )


def _proxy_of(route: str, settings: Settings) -> str:
    if not route:
        return ""
    if route == TOR_ROUTE and settings.tor_proxy:
        return settings.tor_proxy
    if route in settings.fetch_routes:
        return settings.fetch_routes[route].get_secret_value()
    raise Misconfigured(
        f"An item is to be fetched by the route {route!r}, which the settings do not name.",
        hint="Name it in fetch_routes, or choose another one on the case page.",
    )


@dataclass(frozen=True, slots=True)
class Ways:
    """What the case page shows of it: the ``row``, if any, whose sealed fields stay sealed, and
    whether a delivery network was ever seen in front of the item."""

    row: ItemAccess | None
    routes: Sequence[str]
    is_delivered: bool


def ways_of(
    session: Session, settings: Settings, item_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, Ways]:
    # With a bound, so that the database looks it up for each item: what only
    # has to exist it may collect from the whole table first.
    delivered = (
        select(HostingObservation.id)
        .where(
            HostingObservation.item_id == Item.id,
            HostingObservation.fact == "cdn",
        )
        .limit(1)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Item.id, ItemAccess, delivered.is_not(None))
        .outerjoin(ItemAccess, ItemAccess.item_id == Item.id)
        .where(Item.id.in_(item_ids))
    )
    routes = routes_of(settings)
    return {
        item_id: Ways(row, routes, is_delivered)
        for item_id, row, is_delivered in rows
    }


def access_row(session: Session, item_id: uuid.UUID) -> ItemAccess | None:
    return session.scalar(
        select(ItemAccess).where(ItemAccess.item_id == item_id)
    )


def access_of(
    session: Session, context: Context, item_id: uuid.UUID
) -> Access:
    """What was set for the item, opened for a fetch."""
    row = access_row(session, item_id)
    if row is None:
        return NOTHING_SPECIAL
    key = context.vault.key_of(session, row.id)
    opened = {
        name: context.vault.open(key, f"item_access.{name}", row.id, sealed)
        for name in _SEALED
        # Without its key, what was sealed is forgotten.
        if key is not None and (sealed := getattr(row, name)) is not None
    }
    return Access(**opened, **{name: getattr(row, name) for name in _PLAIN})


def set_access(act: Act, item: Item, wanted: Access) -> None:
    """Store how the item is fetched from now on. Empty cookies leave those that are there; the
    audit row says what was changed, never to what."""
    wanted = _check_access(wanted, act.context.settings)
    before = access_of(act.session, act.context, item.id)
    after = replace(
        wanted,
        # The form cannot show what is sealed, so an empty field means "as it is".
        cookies=wanted.cookies or before.cookies,
        userinfo=wanted.userinfo or before.userinfo,
    )
    _store_access(act, item, after)
    changed = [
        name
        for name in (*_SEALED, *_PLAIN)
        if getattr(before, name) != getattr(after, name)
    ]
    if changed:
        act.record("item.access_set", "item", item.id, changed=changed)


def clear_access(act: Act, item_id: uuid.UUID) -> bool:
    """Forget all of it, the key first; True if there was anything."""
    row = access_row(act.session, item_id)
    if row is None:
        return False
    act.context.vault.erase(act.session, row.id)
    act.session.delete(row)
    # The key and the row go before the entry says so.
    act.session.flush()
    act.record("item.access_cleared", "item", item_id)
    return True


def fetch_again(act: Act, item: Item) -> None:
    """Have the item fetched and matched once more, as it is set now."""
    act.post(
        JobName.ITEM_EXAMINE,
        key=f"examine:{item.id}:{act.now.isoformat()}",
        payload={"item_id": str(item.id)},
    )
    act.record("item.fetched_again", "item", item.id)


def keep_userinfo(
    session: Session,
    context: Context,
    item: Item,
    userinfo: str | None,
    *,
    now: datetime,
) -> None:
    """A user name and password that stood in a reported address: the last ones reported count."""
    if userinfo:
        # What an analyst set for the item stays.
        before = access_of(session, context, item.id)
        act = Act(session, context, audit.SYSTEM, now)
        set_access(
            act, item, replace(before, userinfo=userinfo[:LONGEST_REFERRER])
        )


def _store_access(act: Act, item: Item, access: Access) -> None:
    session, vault = act.session, act.context.vault
    insert_once(
        session,
        ItemAccess,
        ["item_id"],
        id=new_id(),
        item_id=item.id,
        changed_at=act.now,
        changed_by=act.actor,
        referrer="",
        user_agent="",
        route="",
    )
    row = session.scalars(
        select(ItemAccess)
        .where(ItemAccess.item_id == item.id)
        # Of two reports at once the later one's word counts whole.
        .with_for_update()
    ).one()
    key = vault.key_of(session, row.id) or vault.new_record(session, row.id)
    for name in _SEALED:
        text = getattr(access, name)
        sealed = (
            vault.seal(key, f"item_access.{name}", row.id, text)
            if text
            else None
        )
        setattr(row, name, sealed)
    for name in _PLAIN:
        setattr(row, name, getattr(access, name))
    row.changed_at, row.changed_by = act.now, act.actor


def _check_access(access: Access, settings: Settings) -> Access:
    """Cleaned of what people paste with it; ``InvalidInput`` names every fault at once."""
    # Pasted from a browser's tools, they come with line breaks, which no header may hold.
    cookies = " ".join(access.cookies.split())
    if cookies[:7].lower() == "cookie:":
        cookies = cookies[7:].lstrip()
    referrer, agent = (
        access.referrer.strip(),
        " ".join(access.user_agent.split()),
    )
    target = parse_target(referrer) if referrer else None
    faults = {}
    if cookies and not (
        _is_header(cookies, LONGEST_COOKIES) and "=" in cookies
    ):
        faults["/cookies"] = (
            "Paste them as the browser sends them: name=value; other=value."
        )
    if referrer and not (
        target and target.fetchable and len(referrer) <= LONGEST_REFERRER
    ):
        faults["/referrer"] = "Give the http or https address of a page."
    if agent and not _is_header(agent, LONGEST_USER_AGENT):
        faults["/user_agent"] = (
            f"Give at most {LONGEST_USER_AGENT} plain characters."
        )
    if access.route and access.route not in routes_of(settings):
        faults["/route"] = "Choose one of the routes."
    if faults:
        raise InvalidInput(phrase("Nothing was changed."), fields=faults)
    shown = target.shown if target else ""
    return replace(access, cookies=cookies, referrer=shown, user_agent=agent)


def _is_header(text: str, longest: int) -> bool:
    return text.isascii() and text.isprintable() and len(text) <= longest
