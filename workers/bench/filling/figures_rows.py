"""Made-up rows, by table, and the offices and people who take part in made-up cases."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core.storage.ids import new_id
from hotline.core.storage.machine import HistoryEntry
from hotline.intake.models import Report, ReportMessage
from partners.directory.kinds import PartnerKind
from partners.directory.models import Partner
from partners.manual.models import ManualAct
from partners.notices.models import Notice, ProviderAnswer
from partners.referrals.models import (
    Hold,
    Plan,
    Referral,
    ReferralOutcome,
)
from triage.cases.models import Assessment, Case, CaseItem
from triage.items.models import HostingHop, Item

Columns = dict[str, Any]
"""One row to be inserted."""

MODELS: tuple[Any, ...] = (
    Person,
    Partner,
    Report,
    ReportMessage,
    Item,
    HostingHop,
    Case,
    CaseItem,
    Assessment,
    Plan,
    Referral,
    ReferralOutcome,
    Hold,
    Notice,
    ProviderAnswer,
    ManualAct,
    HistoryEntry,
)
"""In an order in which every row finds what it refers to."""
PROVIDERS = 20


@dataclass(slots=True)
class Rows:
    """What one batch inserts, by table."""

    by_model: dict[Any, list[Columns]] = field(
        default_factory=lambda: {model: [] for model in MODELS}
    )

    def add(self, model: Any, **columns: Any) -> uuid.UUID:
        row_id = new_id()
        self.put(model, {"id": row_id, **columns})
        return row_id

    def put(self, model: Any, row: Mapping[str, object]) -> None:
        self.by_model[model].append(dict(row))

    def insert_into(self, session: Session) -> None:
        for model in MODELS:
            if self.by_model[model]:
                session.execute(insert(model), self.by_model[model])


@dataclass(frozen=True, slots=True)
class Cast:
    """Who takes part in every made-up case."""

    persons: tuple[uuid.UUID, ...]
    police: uuid.UUID
    helpline: uuid.UUID
    providers: tuple[uuid.UUID, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """Cases are opened evenly between the two; nothing happens after ``end``."""

    start: datetime
    end: datetime


def make_cast(rows: Rows, at: datetime) -> Cast:
    def add_partner(code: str, kind: PartnerKind) -> uuid.UUID:
        return rows.add(
            Partner,
            code=code,
            kind=kind,
            name=f"{code}.example",
            created_at=at,
        )

    persons = tuple(
        rows.add(
            Person,
            username=f"analyst{number}",
            display_name=f"Analyst {number}",
            role="analyst",
            password_hash="",
            created_at=at,
        )
        for number in range(3)
    )
    return Cast(
        persons=persons,
        police=add_partner("police", PartnerKind.POLICE),
        helpline=add_partner("helpline", PartnerKind.HELPLINE),
        providers=tuple(
            add_partner(f"host{number}", PartnerKind.PROVIDER)
            for number in range(PROVIDERS)
        ),
    )
