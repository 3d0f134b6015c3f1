"""Newest cases by a name instead of an address: of whoever runs a network, or the head of a host.

Names of networks are those that were observed where something lay; each network is asked once, by
the index of networks, so that nothing is kept for the search.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from flask_babel import lazy_gettext
from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased

from triage.console.search.asked import Asked
from triage.console.search.finding import Finder, Hit
from triage.console.search.folding import fold
from triage.console.search.of_cases import newest_cases
from triage.console.search.of_words import SHORTEST
from triage.hosting.facts import FactName
from triage.items.models import HostingObservation, Item

MOST_NETWORKS = 3_000
"""Networks that are asked for their names, the lowest numbers first."""
MOST_NAMES = 10
"""Networks, domains or hosts of one question whose newest cases are shown."""
NAMES = (FactName.AS_NAME, FactName.NETWORK_NAME)
_HEAD_OF_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{1,60}[a-z0-9-])")
_LAST = "zzzz"
"""Behind every name that begins alike, in whatever order the database has letters."""


def find_by_network_name(asked: Asked) -> Sequence[Hit]:
    """Every word must stand in the name of the network or of whoever holds it."""
    wanted = set(fold(asked.text).split())
    # Thousands of networks are asked for their names, which no address or reference needs.
    if asked.is_exact or not any(map(_may_be_a_name, wanted)):
        return []
    rows = asked.session.execute(_named_networks())
    networks = {
        network
        for network, names in rows
        if wanted <= set(fold(names).split())
    }
    # Each by itself, so that of none more than the newest are read.
    chosen = sorted(networks)[:MOST_NAMES]
    return newest_cases(asked, *(Item.asn == network for network in chosen))


def _may_be_a_name(word: str) -> bool:
    return len(word) >= SHORTEST and not word.isdecimal()


def _named_networks() -> Select[str, str]:
    """(number, names) of the networks in which something lay, as they were called there last."""
    # From one number to the next by the index, however many places are in each.
    network = (
        select(func.min(Item.asn).label("asn"))
        .where(Item.asn.is_not(None))
        .cte("network", recursive=True)
    )
    following = (
        select(func.min(Item.asn))
        .where(Item.asn > network.c.asn)
        .scalar_subquery()
    )
    network = network.union_all(
        select(following).where(network.c.asn.is_not(None))
    )
    latest = aliased(Item)
    newest = (
        select(latest.id)
        .where(latest.asn == network.c.asn)
        .order_by(latest.id.desc())
        .limit(1)
        .correlate(network)
        .scalar_subquery()
    )
    chosen = (
        select(network.c.asn, newest.label("item_id"))
        .where(network.c.asn.is_not(None))
        .limit(MOST_NETWORKS)
        .cte("chosen")
    )
    # One network after the other: joined, all that was ever observed might be read for them.
    names = (
        select(func.aggregate_strings(HostingObservation.value, " "))
        .where(
            HostingObservation.item_id == chosen.c.item_id,
            HostingObservation.fact.in_(NAMES),
        )
        .correlate(chosen)
        .scalar_subquery()
    )
    return select(chosen.c.asn, func.coalesce(names, ""))


def find_by_head_of_host(asked: Asked) -> Sequence[Hit]:
    """Domains and hosts that begin with what was typed, where that is no whole name yet."""
    head = asked.text.lower()
    if asked.hosts or not _HEAD_OF_HOST.fullmatch(head):
        return []
    return newest_cases(
        asked,
        *(
            column == name
            for column in (Item.registrable_domain, Item.host)
            for name in _names_with(asked, column, head)
        ),
    )


def _names_with(asked: Asked, column: Any, head: str) -> Iterator[str]:
    """From one name to the next by the column's index, however many places are at each."""
    after, is_first = head, True
    for _ in range(MOST_NAMES):
        is_behind = column >= after if is_first else column > after
        name = asked.session.scalar(
            select(func.min(column)).where(is_behind, column < head + _LAST)
        )
        if name is None:
            return
        after, is_first = name, False
        if name.startswith(head):
            yield name


FINDERS = (
    Finder(
        95,
        "host_name",
        lazy_gettext("Newest cases of hosts whose name begins so"),
        "queue.see",
        find_by_head_of_host,
    ),
    Finder(
        102,
        "network_name",
        lazy_gettext("Newest cases in networks of this name"),
        "queue.see",
        find_by_network_name,
    ),
)
