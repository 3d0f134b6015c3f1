"""What a look of the service's own at a location leaves: the visit, its hosting, the work done."""

from __future__ import annotations

import uuid
from datetime import datetime

from hotline.core.jobs.names import JobName
from hotline.core.storage.ids import new_id
from hotline.core.storage.outbox import OutboxEntry
from triage.items.models import HostingHop, HostingObservation, Visit
from workers.bench.filling.shared_rows import Columns, Tables

LOOKS: Tables = (
    (Visit, "visit"),
    (HostingHop, "hop"),
    (HostingObservation, "fact"),
    (OutboxEntry, "work"),
)


def make_looks(
    item_id: uuid.UUID, url: str, network: str, address: str, at: datetime
) -> dict[str, Columns]:
    """The rows of one look, by the names in ``LOOKS``."""
    return {
        "visit": {
            "id": new_id(),
            "item_id": item_id,
            "at": at,
            "purpose": "first",
            "outcome": "ok",
            "status": 200,
            "report": {"requested": url, "status": 200},
        },
        "hop": {
            "id": new_id(),
            "item_id": item_id,
            "number": 1,
            "at": at,
            "kind": "host",
            "country": "AL",
            "asn": network,
        },
        "fact": {
            "id": new_id(),
            "item_id": item_id,
            "fact": "address",
            "value": address,
            "source": "DNS",
            "at": at,
            "confidence": 0.9,
        },
        "work": {
            "id": new_id(),
            "key": f"examine:{item_id}",
            "job": JobName.ITEM_EXAMINE,
            "queue": "default",
            "payload": {"item_id": str(item_id)},
            "created_at": at,
            "due_at": at,
            "attempts": 1,
            "done_at": at,
        },
    }
