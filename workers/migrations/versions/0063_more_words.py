"""Words of what was told, planned and done by hand are found, too; each index of the rows that have any"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0063"
down_revision = "0065"
branch_labels = None
depends_on = None

LETTERS = (
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞàáâãäåçèéêëìíîïñòóôõöùúûüýÿĀāĂ"
    "ăĄąĆćĈĉĊċČčĎďĐĒēĔĕĖėĘęĚěĜĝĞğĠġĢģĤĥĦĨĩĪīĬĭĮįİĴĵĶķĹĺĻļĽľĿŀŁŃńŅ"
    "ņŇňŊŌōŎŏŐőŒŔŕŖŗŘřŚśŜŝŞşŠšŢţŤťŦŨũŪūŬŭŮůŰűŲųŴŵŶŷŸŹźŻżŽžſЀЁЂЃЄЅ"
    "ІЇЈЉЊЋЌЍЎЏАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯйѐёѓїќѝў"
)
PLAIN = (
    "aaaaaaæceeeeiiiiðnoooooøuuuuyþaaaaaaceeeeiiiinooooouuuuyyaaa"
    "aaaccccccccddđeeeeeeeeeegggggggghhħiiiiiiiiijjkkllllllllłnnn"
    "nnnŋooooooœrrrrrrssssssssttttŧuuuuuuuuuuuuwwyyyzzzzzzsееђгєѕ"
    "ііјљњћкиуџабвгдежзииклмнопрстуфхцчшщъыьэюяиеегікиу"
)
REASON = (
    "coalesce(details ->> 'why', details ->> 'reason', details ->> 'note')"
)
WITH_REASON = (
    "(entity IN ('case', 'hold', 'notice', 'plan', 'referral')) IS TRUE"
    f" AND actor <> 'system' AND {REASON} <> ''"
)
# Table: the words, which rows have any, and when they were written.
WRITTEN = {
    "history_entry": (REASON, WITH_REASON, "at"),
    "plan": ("note", "note <> ''", "requested_at"),
    "manual_act": ("note", "note <> ''", "recorded_at"),
}
BEFORE = (
    "details ->> 'why'",
    "entity = 'case' AND (details ->> 'why') IS NOT NULL",
)


def upgrade() -> None:
    limit_waiting()
    if op.get_context().dialect.name != "postgresql":
        for table, (_, rows, at) in WRITTEN.items():
            op.create_index(
                f"ix_{table}_worded", table, [at], sqlite_where=sa.text(rows)
            )
        return
    # The whole tables are read for it, so nobody may wait meanwhile.
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_history_entry_words")
        for table, (words, rows, _) in WRITTEN.items():
            op.execute(_write_index(table, words, rows))


def downgrade() -> None:
    limit_waiting()
    if op.get_context().dialect.name != "postgresql":
        for table in WRITTEN:
            op.drop_index(f"ix_{table}_worded", table)
        return
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        for table in WRITTEN:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS ix_{table}_words")
        op.execute(_write_index("history_entry", *BEFORE))


def _write_index(table: str, words: str, rows: str) -> str:
    return f"""
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_{table}_words
ON {table} USING gin (to_tsvector('simple'::regconfig,
    translate(lower(({words})), '{LETTERS}', '{PLAIN}')))
WHERE {rows}
"""
