"""What people write at a plan and at an act by hand, and its indexes; the schema knows them."""

from __future__ import annotations

from typing import cast

from sqlalchemy import Table

from partners.manual.models import ManualAct
from partners.referrals.models import Plan
from triage.console.search.written import Written

PLANS = Written("plan", "{of}note", "{of}note <> ''", "requested_at")
BY_HAND = Written("manual_act", "{of}note", "{of}note <> ''", "recorded_at")
PLANS.make_indexes(cast(Table, Plan.__table__))
BY_HAND.make_indexes(cast(Table, ManualAct.__table__))
