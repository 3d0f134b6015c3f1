"""Words of the reasons in a plan's routes are found, too"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0067"
down_revision = "0061"
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
WORDS = (
    "(jsonb_path_query_array(routes, '$[*].again_reason')"
    " || jsonb_path_query_array(routes, '$[*].without_police'))::text"
)
ROWS = (
    "replace(replace(CAST(routes AS TEXT), '\"again_reason\"', ''),"
    " '\"without_police\"', '') <> CAST(routes AS TEXT)"
)


def upgrade() -> None:
    limit_waiting()
    if op.get_context().dialect.name != "postgresql":
        op.create_index(
            "ix_plan_routes_worded",
            "plan",
            ["requested_at"],
            sqlite_where=sa.text(ROWS),
        )
        return
    # The whole table is read for it, so nobody may wait meanwhile.
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute(f"""
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_plan_routes_words
ON plan USING gin (to_tsvector('simple'::regconfig,
    translate(lower(({WORDS})), '{LETTERS}', '{PLAIN}')))
WHERE {ROWS}
""")


def downgrade() -> None:
    limit_waiting()
    if op.get_context().dialect.name != "postgresql":
        op.drop_index("ix_plan_routes_worded", "plan")
        return
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_plan_routes_words")
