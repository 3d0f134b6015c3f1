"""What may exist once exists once: an open plan a case, a referral and a notice a plan"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# The service's own plan for the police never waits for one that people have open.
OPEN = sa.text("state = 'requested' AND requested_by <> 'system'")


def upgrade() -> None:
    _supersede_later_plans()
    for table, columns in (
        ("referral", ("plan_id", "partner_id", "kind")),
        ("notice", ("plan_id", "kind")),
    ):
        _give_copies_a_plan(table, columns)
    op.create_index(
        "uq_plan_open",
        "plan",
        ["case_id"],
        unique=True,
        postgresql_where=OPEN,
        sqlite_where=OPEN,
    )
    op.create_index(
        "uq_referral_plan_id",
        "referral",
        ["plan_id", "partner_id", "kind"],
        unique=True,
    )
    op.create_index(
        "uq_notice_plan_id", "notice", ["plan_id", "kind"], unique=True
    )


def downgrade() -> None:
    op.drop_index("uq_notice_plan_id", "notice")
    op.drop_index("uq_referral_plan_id", "referral")
    op.drop_index("uq_plan_open", "plan")


def _supersede_later_plans() -> None:
    """Of several open plans of a case the first stays; the history says what became of the others."""
    connection = op.get_bind()
    now = datetime.now(UTC)
    plan = sa.table(
        "plan",
        sa.column("id", sa.Uuid()),
        sa.column("case_id", sa.Uuid()),
        sa.column("state", sa.String()),
        sa.column("state_since", sa.DateTime(timezone=True)),
        sa.column("requested_at", sa.DateTime(timezone=True)),
    )
    history = sa.table(
        "history_entry",
        sa.column("id", sa.Uuid()),
        sa.column("entity", sa.String()),
        sa.column("entity_id", sa.Uuid()),
        sa.column("event", sa.String()),
        sa.column("from_state", sa.String()),
        sa.column("to_state", sa.String()),
        sa.column("at", sa.DateTime(timezone=True)),
        sa.column("actor", sa.String()),
        sa.column("details", sa.JSON()),
    )
    open_plans = connection.execute(
        sa.select(plan.c.id, plan.c.case_id)
        .where(plan.c.state == "requested")
        .order_by(plan.c.requested_at, plan.c.id)
    ).all()
    with_plan: set[uuid.UUID] = set()
    for plan_id, case_id in open_plans:
        if case_id not in with_plan:
            with_plan.add(case_id)
            continue
        connection.execute(
            plan.update()
            .where(plan.c.id == plan_id)
            .values(state="superseded", state_since=now)
        )
        connection.execute(
            history.insert().values(
                id=uuid.uuid4(),
                entity="plan",
                entity_id=plan_id,
                event="superseded",
                from_state="requested",
                to_state="superseded",
                at=now,
                actor="system",
                details={"reason": "another plan of the case was open"},
            )
        )


def _give_copies_a_plan(table: str, columns: tuple[str, ...]) -> None:
    """Two of a plan where one was meant: nothing that was sent is thrown away, so the later one
    gets a copy of the plan as its own."""
    connection = op.get_bind()
    metadata = sa.MetaData()
    rows = sa.Table(table, metadata, autoload_with=connection)
    plans = sa.Table(
        "plan", metadata, autoload_with=connection, extend_existing=True
    )
    seen: set[tuple[object, ...]] = set()
    query = sa.select(rows.c.id, *(rows.c[name] for name in columns)).order_by(
        rows.c.id
    )
    for row_id, *values in connection.execute(query).all():
        key = tuple(values)
        if key not in seen:
            seen.add(key)
            continue
        original = connection.execute(
            sa.select(plans).where(plans.c.id == values[0])
        ).one()
        copy_id = (
            uuid.uuid4() if isinstance(row_id, uuid.UUID) else uuid.uuid4().hex
        )
        connection.execute(
            plans.insert().values({**original._mapping, "id": copy_id})
        )
        connection.execute(
            rows.update().where(rows.c.id == row_id).values(plan_id=copy_id)
        )
