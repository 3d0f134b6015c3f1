"""The host behind a delivery network, as an analyst was told it, and a look at what lies there."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from ipaddress import ip_address

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import InvalidInput
from hotline.core.jobs.names import JobName
from hotline.core.network.addresses import refuse_address
from triage.hosting.facts import FactName, HostingFacts, Observation
from triage.hosting.lookup import Lookup, observe_behind
from triage.hosting.sources.cdn import CdnRanges
from triage.hosting.sources.cloudflare import origin_observation
from triage.items.models import HostingObservation, Item

FACT = FactName.ORIGIN_ADDRESS
LONGEST_SOURCE = 80


def told_origins(
    session: Session, item_id: uuid.UUID
) -> tuple[Observation, ...]:
    """What was told last; a later word takes the place of an earlier one, and none forgets it."""
    newest = session.scalars(
        select(HostingObservation)
        .where(
            HostingObservation.item_id == item_id,
            HostingObservation.fact == FACT,
        )
        .order_by(HostingObservation.at.desc(), HostingObservation.id.desc())
        .limit(1)
    ).first()
    if newest is None or newest.value is None:
        return ()
    said = Observation(
        FACT, newest.value, newest.source, newest.at, newest.confidence
    )
    return (said,)


def observe_item(
    lookup: Lookup,
    item: Item,
    told: Sequence[Observation],
    *,
    now: datetime,
    headers: dict[str, str] | None = None,
) -> HostingFacts:
    """Where ``item`` is hosted now; ``told`` are its ``told_origins``."""
    return observe_behind(
        lookup,
        item.host,
        kind=item.kind,
        now=now,
        headers=headers or {},
        origins=told,
    )


def tell_origin(act: Act, item: Item, address: str, source: str) -> None:
    """An analyst enters the origin's address and who told it; an empty address takes it back."""
    source = " ".join(source.split())
    if not 1 <= len(source) <= LONGEST_SOURCE or not source.isprintable():
        words = f"Say who told it, in at most {LONGEST_SOURCE} characters."
        raise InvalidInput(words, fields={"/source": words})
    if address.strip():
        said = origin_observation(address, source, act.now)
        _require_host(act.context, said.value or "")
    else:
        # A row and no deletion: who took it back, and when, is a fact of the case too.
        said = Observation(FACT, None, source, act.now, 1.0)
    act.session.add(
        HostingObservation(
            item_id=item.id,
            fact=FACT,
            value=said.value,
            source=source,
            at=act.now,
            confidence=said.confidence,
        )
    )
    act.record(
        "item.origin_told",
        "item",
        item.id,
        address=said.value,
        source=source,
    )
    # By a job: registries may take many seconds.
    act.post(
        JobName.ITEM_LOCATE,
        key=f"locate:{item.id}:{act.now.isoformat()}",
        payload={"item_id": str(item.id)},
    )


def _require_host(context: Context, address: str) -> None:
    """An address that could be a host's: public, and not a delivery network's again."""
    fault = ""
    if refuse_address(address, context.settings.fetch_allowed_networks):
        fault = f"{ip_address(address)} is not a public address."
    # Told by somebody who looked at the wrong answer: nobody would be found
    # behind it.
    elif CdnRanges.load_file(context.settings.data_dir).detect_networks(
        [address]
    ):
        fault = f"{address} belongs to a delivery network; the origin lies behind it."
    if fault:
        raise InvalidInput(fault, fields={"/address": fault})
