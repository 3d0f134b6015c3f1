"""The page of the audit log."""

from __future__ import annotations

import uuid

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from hotline.accounts.auth import requires
from hotline.core.errors import InvalidInput
from hotline.core.storage.audit import AuditEntry
from hotline.core.web import site

LOG_PAGE = 100


@requires("audit.see")
def log() -> ResponseReturnValue:
    """Newest first. Filters are exact, so that each of them can use an index."""
    filters = {
        name: request.args.get(name, "").strip()
        for name in ("actor", "action", "entity_id")
    }
    query = (
        select(AuditEntry).order_by(AuditEntry.id.desc()).limit(LOG_PAGE + 1)
    )
    for name, value in filters.items():
        if value:
            query = query.where(getattr(AuditEntry, name) == value)
    if request.args.get("before"):
        query = query.where(
            AuditEntry.id < _parse_uuid(request.args["before"])
        )
    with site.reading() as session:
        entries = session.scalars(query).all()
        return render_template(
            "triage/log.html",
            entries=entries[:LOG_PAGE],
            before=entries[LOG_PAGE - 1].id
            if len(entries) > LOG_PAGE
            else None,
            filters=filters,
        )


def _parse_uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise InvalidInput(
            "This is no page of the log.", fields={"/before": "invalid"}
        ) from None
