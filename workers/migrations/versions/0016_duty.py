"""Whoever is on duty, what people do by hand, and referrals that leave together"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from workers.migrations.limits import limit_waiting

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
CHASE_TIMES = ("chase_at", "escalated_at")
OFFICE_TEXTS = {"telephone": 40, "head_address": 320}


def upgrade() -> None:
    limit_waiting()
    _create_rota()
    _create_alerts()
    _create_acts_by_hand()
    _create_packages()
    _index_cases()


def _create_rota() -> None:
    op.create_table(
        "duty_contact",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_duty_contact_person_id_person"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_contact")),
        sa.UniqueConstraint(
            "person_id", name=op.f("uq_duty_contact_person_id")
        ),
    )
    op.create_table(
        "duty_turn",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("days", JSON, nullable=False),
        sa.Column("starts", sa.String(length=5), nullable=False),
        sa.Column("ends", sa.String(length=5), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_duty_turn_person_id_person"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_turn")),
    )
    op.create_index(op.f("ix_duty_turn_person_id"), "duty_turn", ["person_id"])


def _create_alerts() -> None:
    op.create_table(
        "duty_alert",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rounds_of_all", sa.Integer(), nullable=False),
        sa.Column(
            "acknowledged_at", sa.DateTime(timezone=True), nullable=True
        ),
        sa.Column("acknowledged_by", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("state_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["case_file.id"],
            name=op.f("fk_duty_alert_case_id_case_file"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_alert")),
    )
    op.create_index(op.f("ix_duty_alert_case_id"), "duty_alert", ["case_id"])
    op.create_index(op.f("ix_duty_alert_state"), "duty_alert", ["state"])
    op.create_table(
        "duty_call",
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("way", sa.String(length=12), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(length=300), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"],
            ["duty_alert.id"],
            name=op.f("fk_duty_call_alert_id_duty_alert"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_duty_call_person_id_person"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_call")),
    )
    op.create_index(op.f("ix_duty_call_alert_id"), "duty_call", ["alert_id"])


def _create_acts_by_hand() -> None:
    op.create_table(
        "manual_act",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("route", sa.String(length=120), nullable=False),
        sa.Column("way", sa.String(length=12), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("reached", sa.String(length=200), nullable=False),
        sa.Column("number", sa.String(length=120), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(length=80), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["case_file.id"],
            name=op.f("fk_manual_act_case_id_case_file"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_manual_act")),
    )
    op.create_index(op.f("ix_manual_act_case_id"), "manual_act", ["case_id"])
    op.add_column(
        "case_file",
        sa.Column(
            "awaits_call_since", sa.DateTime(timezone=True), nullable=True
        ),
    )
    for name, length in OFFICE_TEXTS.items():
        op.add_column(
            "partner",
            sa.Column(
                name,
                sa.String(length=length),
                server_default="",
                nullable=False,
            ),
        )


def _create_packages() -> None:
    op.create_table(
        "referral_package",
        sa.Column("reference", sa.String(length=24), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["partner_id"],
            ["partner.id"],
            name=op.f("fk_referral_package_partner_id_partner"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_package")),
        sa.UniqueConstraint(
            "reference", name=op.f("uq_referral_package_reference")
        ),
    )
    op.create_index(
        op.f("ix_referral_package_partner_id"),
        "referral_package",
        ["partner_id"],
    )
    with op.batch_alter_table("referral") as batch:
        batch.add_column(
            sa.Column("leaves_at", sa.DateTime(timezone=True), nullable=True)
        )
        batch.add_column(sa.Column("package_id", sa.Uuid(), nullable=True))
        batch.add_column(
            sa.Column(
                "reminded", sa.Integer(), server_default="0", nullable=False
            )
        )
        for name in CHASE_TIMES:
            batch.add_column(
                sa.Column(name, sa.DateTime(timezone=True), nullable=True)
            )
        batch.create_foreign_key(
            op.f("fk_referral_package_id_referral_package"),
            "referral_package",
            ["package_id"],
            ["id"],
            postgresql_not_valid=True,
        )
    # Offices that have not answered yet are asked, too.
    op.execute(
        "UPDATE referral SET chase_at = due_at WHERE state = 'delivered'"
    )


def _index_cases() -> None:
    # Whole tables are read for these, so nobody may wait meanwhile.
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_case_file_awaits_call",
            "case_file",
            ["awaits_call_since"],
            postgresql_where=sa.text("awaits_call_since IS NOT NULL"),
            sqlite_where=sa.text("awaits_call_since IS NOT NULL"),
            postgresql_concurrently=True,
        )
        for name in ("package_id", "chase_at"):
            op.create_index(
                op.f(f"ix_referral_{name}"),
                "referral",
                [name],
                postgresql_concurrently=True,
            )


def downgrade() -> None:
    limit_waiting()
    for name in ("package_id", "chase_at"):
        op.drop_index(op.f(f"ix_referral_{name}"), "referral")
    op.drop_index("ix_case_file_awaits_call", "case_file")
    with op.batch_alter_table("referral") as batch:
        batch.drop_constraint(
            op.f("fk_referral_package_id_referral_package"), "foreignkey"
        )
        batch.drop_column("package_id")
        for name in CHASE_TIMES:
            batch.drop_column(name)
        batch.drop_column("leaves_at")
        batch.drop_column("reminded")
    op.drop_index(op.f("ix_referral_package_partner_id"), "referral_package")
    op.drop_table("referral_package")
    for name in OFFICE_TEXTS:
        op.drop_column("partner", name)
    op.drop_column("case_file", "awaits_call_since")
    op.drop_index(op.f("ix_manual_act_case_id"), "manual_act")
    op.drop_table("manual_act")
    op.drop_index(op.f("ix_duty_call_alert_id"), "duty_call")
    op.drop_table("duty_call")
    op.drop_index(op.f("ix_duty_alert_state"), "duty_alert")
    op.drop_index(op.f("ix_duty_alert_case_id"), "duty_alert")
    op.drop_table("duty_alert")
    op.drop_index(op.f("ix_duty_turn_person_id"), "duty_turn")
    op.drop_table("duty_turn")
    op.drop_table("duty_contact")
