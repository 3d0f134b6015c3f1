"""A key is replaced while everything stays readable, also where the rotation is killed midway."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from hotline.core.errors import Conflict, NotFound
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.audit_heads import last_head
from hotline.core.storage.keys import key_files
from hotline.core.storage.keys.key_rotations import KeyRotation
from partners.replaced_links import LinkEnded
from tests.support.clock import NOW
from tests.workers.keys.conftest import Lived
from workers.house import open_own_context
from workers.keys.holdings import HOLDINGS
from workers.keys.retiring import retire_keys
from workers.keys.rotation import Pace, rotate_key

AT_ONCE = Pace(settle=0)
WEEK = timedelta(days=7)
KILLED = Path(__file__).parents[2] / "support" / "killed.py"


def rotate(lived: Lived, name: str) -> KeyRotation:
    return rotate_key(lived.context, name, grace=WEEK, pace=AT_ONCE)


@pytest.mark.parametrize("name", HOLDINGS)
def test_everything_is_readable_after_a_rotation(
    lived: Lived, name: str
) -> None:
    before = lived.context.keyring.id_of(name)
    done = rotate(lived, name)
    assert done.old_key == before != done.new_key
    assert lived.context.keyring.id_of(name) == done.new_key
    lived.check_all()
    assert lived.head().intact
    with lived.context.database.reading() as session:
        noted = session.scalars(
            select(AuditEntry.action).where(AuditEntry.entity == "key")
        ).all()
    assert noted == ["key.rotation_begun", "key.in_use", "key.rotated"]


def test_three_keys_of_each_name_are_read_with(lived: Lived) -> None:
    for name in HOLDINGS:
        rotate(lived, name)
        rotate(lived, name)
    lived.check_all()
    assert lived.head().intact
    for name in HOLDINGS:
        assert len(lived.context.keyring.keys_of(name)) == 3


@pytest.mark.parametrize("name", ["master", "identifiers", "audit"])
def test_what_was_moved_needs_the_old_key_no_more(
    lived: Lived, name: str
) -> None:
    done = rotate(lived, name)
    lived.head()
    assert retire_keys(lived.context, name, now=NOW) == [done.old_key]
    assert len(lived.context.keyring.keys_of(name)) == 1
    fresh = open_own_context(lived.context.settings)
    assert fresh.keyring.keys_of(name) == lived.context.keyring.keys_of(name)
    fresh.close()
    lived.check_all()
    assert lived.head().intact


def test_links_end_with_their_grace_and_say_so(lived: Lived) -> None:
    done = rotate(lived, "links")
    with pytest.raises(Conflict, match="grace of 2 links"):
        retire_keys(lived.context, "links", now=NOW)
    assert done.grace_until is not None
    later = done.grace_until + timedelta(seconds=1)
    retire_keys(lived.context, "links", now=later)
    lived.house.now = later
    for scope, token in lived.links.items():
        with pytest.raises(LinkEnded):
            lived.opens(scope, token)


def test_links_can_be_given_up_before_their_grace(lived: Lived) -> None:
    rotate(lived, "links")
    retire_keys(lived.context, "links", now=NOW, lose=True)
    assert len(lived.context.keyring.keys_of("links")) == 1


def test_a_link_replaced_by_hand_ends_at_once_with_those_of_before(
    lived: Lived,
) -> None:
    from hotline.core.act import Act
    from partners.notices.models import Notice
    from partners.replaced_links import replace_link

    rotate(lived, "links")
    with lived.context.database.writing() as session:
        notice = session.scalars(select(Notice)).unique().one()
        replace_link(
            Act(session, lived.context, "person:arta", NOW),
            "notice",
            notice,
            reason="wrong reader",
        )
    with pytest.raises(LinkEnded):
        lived.opens("notice", lived.links["notice"])


def test_receipts_of_before_hold_the_old_key(lived: Lived) -> None:
    rotate(lived, "receipts")
    with pytest.raises(Conflict, match="5 reports"):
        retire_keys(lived.context, "receipts", now=NOW)
    retire_keys(lived.context, "receipts", now=NOW, lose=True)
    with pytest.raises(AssertionError):
        lived.check_all()


def test_sealed_data_is_never_given_up(lived: Lived) -> None:
    """While something is under the old key, no word retires it."""
    directory = lived.context.settings.secrets_dir
    assert directory is not None
    key_files.stage_key(directory, "master")
    key_files.promote_key(directory, "master")
    lived.context.keyring.look_again(anyway=True)
    lived.check_all()
    with pytest.raises(Conflict, match="still under an older key"):
        retire_keys(lived.context, "master", now=NOW, lose=True)


def test_forms_of_before_hold_the_sessions_key_for_a_day(lived: Lived) -> None:
    done = rotate(lived, "sessions")
    assert done.used_from is not None
    soon = done.used_from + timedelta(hours=23)
    with pytest.raises(Conflict, match="forms"):
        retire_keys(lived.context, "sessions", now=soon)
    retire_keys(
        lived.context, "sessions", now=done.used_from + timedelta(hours=24)
    )


def test_there_may_be_nothing_to_retire(lived: Lived) -> None:
    with pytest.raises(NotFound):
        retire_keys(lived.context, "master", now=NOW)


def test_an_old_audit_key_cannot_write_heads_any_more(lived: Lived) -> None:
    """Whoever stole it can neither change a line of before nor go on with the file."""
    rotate(lived, "audit")
    path = lived.context.settings.audit_heads_file
    assert path is not None
    last = last_head(path)
    assert last is not None
    assert last.change is not None
    old = lived.context.keyring.keys_of("audit")[1]
    assert lived.head().intact
    sound = path.read_bytes()
    forged = replace(last, line=last.line + 1, previous=last.mac, change=None)
    path.write_bytes(sound + forged.signed(old).to_line())
    assert not lived.verify().intact
    lines = sound.splitlines(keepends=True)
    from hotline.core.storage.audit_heads import Head

    first = replace(Head.from_line(lines[0]), at="2020-01-01")
    path.write_bytes(b"".join([first.signed(old).to_line(), *lines[1:]]))
    assert not lived.verify().intact
    retire_keys(lived.context, "audit", now=NOW)
    assert not lived.verify().intact
    path.write_bytes(sound)
    assert lived.verify().intact
