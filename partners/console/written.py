"""What people write at a plan and at an act by hand, and its indexes; the schema knows them."""

from __future__ import annotations

from typing import cast

from sqlalchemy import Table

from partners.manual.models import ManualAct
from partners.referrals.models import Plan
from triage.console.search.written import Written

PLANS = Written("plan", "{of}note", "{of}note <> ''", "requested_at")
# Why whoever was told is told again, and why without the police. Why it is another municipality's
# office stands there as well and is no part: it tells where a child is. "replace" finds a key in
# a text on either database.
ROUTES = Written(
    "plan",
    words=(
        "(jsonb_path_query_array({of}routes, '$[*].again_reason')"
        " || jsonb_path_query_array({of}routes, '$[*].without_police'))::text"
    ),
    rows=(
        "replace(replace(CAST({of}routes AS TEXT), '\"again_reason\"', ''),"
        " '\"without_police\"', '') <> CAST({of}routes AS TEXT)"
    ),
    at="requested_at",
    name="plan_routes",
)
BY_HAND = Written("manual_act", "{of}note", "{of}note <> ''", "recorded_at")
for _of_a_plan in (PLANS, ROUTES):
    _of_a_plan.make_indexes(cast(Table, Plan.__table__))
BY_HAND.make_indexes(cast(Table, ManualAct.__table__))
