"""An index of the words of reasons, on PostgreSQL"""

from __future__ import annotations

from alembic import op

from workers.migrations.limits import limit_waiting

revision = "0051"
down_revision = "0053"
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
WORDS = f"""
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_history_entry_words
ON history_entry USING gin (to_tsvector('simple'::regconfig,
    translate(lower((details ->> 'why')), '{LETTERS}', '{PLAIN}')))
WHERE entity = 'case' AND (details ->> 'why') IS NOT NULL
"""


def upgrade() -> None:
    limit_waiting()
    if op.get_context().dialect.name != "postgresql":
        return
    # The whole table is read for it, so nobody may wait meanwhile.
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute(WORDS)


def downgrade() -> None:
    limit_waiting()
    if op.get_context().dialect.name == "postgresql":
        op.drop_index("ix_history_entry_words", "history_entry")
