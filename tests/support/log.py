"""The log's page as tests read it, and entries for it."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime

from hotline.core.context import Context
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.ids import first_id_at
from workers.bench.filling.figures_rows import Span

SPAN = Span(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
LOG = "/console/log"


def note(
    context: Context,
    action: str,
    entity_id: object,
    *,
    actor: str = "person:supervisor",
    at: datetime = SPAN.end,
    entity: str = "",
    **details: object,
) -> None:
    with context.database.writing() as session:
        session.add(
            AuditEntry(
                id=uuid.UUID(
                    int=first_id_at(at).int + uuid.uuid4().int % 2**60
                ),
                at=at,
                actor=actor,
                action=action,
                entity=entity or action.partition(".")[0],
                entity_id=str(entity_id),
                details=details,
            )
        )


def rows(page: str) -> list[str]:
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    texts = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    return [" ".join(re.sub("<[^>]+>", " ", one).split()) for one in texts]
