"""People, passwords, sessions: what must hold whoever knocks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from hotline.accounts import service
from hotline.accounts.models import LoginSession, Person
from hotline.accounts.signing_in import logins, passwords, sessions, throttle
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import Conflict, InvalidInput, NotFound, TooMany
from hotline.core.storage.audit import AuditEntry

PASSWORD = "a long enough one"
Add = Callable[..., str]


def sign_in(
    context: Context,
    username: str,
    password: str,
    now: datetime,
    mark: str = "",
) -> str | None:
    with context.database.writing() as session:
        tried = logins.begin_attempt(
            session, context, username, now, mark=mark
        )
        right = logins.is_proven(tried, password)
        return logins.settle_attempt(
            session, tried, password if right else None, now
        )


def actions(context: Context) -> list[str]:
    with context.database.reading() as session:
        return list(
            session.scalars(select(AuditEntry.action).order_by(AuditEntry.id))
        )


def is_live(context: Context, token: str, now: datetime) -> bool:
    with context.database.reading() as session:
        return sessions.find_session(session, token, now) is not None


def test_add_names_every_fault_at_once(
    context: Context, now: datetime
) -> None:
    with (
        pytest.raises(InvalidInput) as caught,
        context.database.writing() as session,
    ):
        service.add_person(
            Act(session, context, actor="test", now=now),
            username="No Spaces",
            display_name=" ",
            role="king",
            password="short",
        )
    assert set(caught.value.fields) == {
        "/username",
        "/display_name",
        "/role",
        "/password",
    }
    assert actions(context) == []


def test_a_name_is_never_used_twice(context: Context, add: Add) -> None:
    add("ana")
    with pytest.raises(InvalidInput, match="is taken"):
        add("ANA")


@pytest.mark.parametrize(
    "password", ["short", "ana-ana-ana-ana", "aaaaaaaaaaaaaaa", "x1" * 200]
)
def test_weak_passwords_are_refused(
    context: Context, add: Add, password: str
) -> None:
    with pytest.raises(InvalidInput):
        add("ana", password=password)


def test_a_name_within_a_long_password_is_no_fault_and_else_the_fault_is_named() -> (
    None
):
    passwords.check_strength("a tall tree in an open field", "an")
    with pytest.raises(InvalidInput) as refused:
        passwords.check_strength("Besnik Besnik 26", "besnik")
    assert refused.value.fields == {
        "/password": "holds too little beside the user name"
    }


def test_generated_passwords_are_strong_and_differ() -> None:
    made = {passwords.generate_password("ana") for _ in range(50)}
    assert len(made) == 50
    for password in made:
        passwords.check_strength(password, "ana")


def test_a_generated_password_never_holds_the_name_by_chance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name of two letters stands in one of seventy: the person could not be added then."""
    drawn = iter(["K7QM-3DAB-0XYC-HJ2P-W5TZ", "K7QM-3D9X-0XYC-HJ2P-W5TZ"])
    monkeypatch.setattr(passwords, "new_receipt", lambda: next(drawn))
    password = passwords.generate_password(" AB ")
    assert password == "k7qm-3d9x-0xyc-hj2p-w5tz"
    passwords.check_strength(password, "ab")


def test_sign_in_and_out(context: Context, add: Add, now: datetime) -> None:
    add("ana")
    with context.database.writing() as session:
        token = logins.sign_in(session, context, " Ana ", PASSWORD, now)
    assert token is not None
    with context.database.reading() as session:
        found = sessions.find_session(session, token, now)
        assert found is not None and found.person.username == "ana"
        assert token.encode() not in found.token_hash
    with context.database.writing() as session:
        sessions.sign_out(session, token, now)
    assert not is_live(context, token, now)
    assert actions(context) == [
        "person.added",
        "sign_in.done",
        "sign_in.ended",
    ]


def test_unknown_wrong_and_disabled_look_the_same(
    context: Context, add: Add, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    add("ana")
    add("gone")
    with context.database.writing() as session:
        service.disable_person(
            Act(session, context, actor="test", now=now), "gone"
        )
    verified: list[str] = []
    real = PasswordHasher.verify

    def counting(self: PasswordHasher, stored: str, password: str) -> bool:
        verified.append(stored)
        return real(self, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", counting)
    cases = [("ana", "wrong"), ("nobody", PASSWORD), ("gone", PASSWORD)]
    assert [
        sign_in(context, name, password, now) for name, password in cases
    ] == [None] * 3
    assert len(verified) == len(cases)  # the same work for each of them
    assert {stored.split("$")[3] for stored in verified} == {"m=64,t=1,p=1"}


def test_what_is_typed_into_the_name_is_not_kept_if_nobody_has_it(
    context: Context, add: Add, now: datetime
) -> None:
    add("ana")
    sign_in(context, "my-secret-password", "x", now)
    sign_in(context, "ana", "x", now)
    with context.database.reading() as session:
        rows = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "sign_in.failed")
        )
        seen = [(row.entity_id, row.details) for row in rows]
    assert [details for _, details in seen] == [{}, {"username": "ana"}]
    assert not any("secret" in key or "ana" in key for key, _ in seen)


def test_guessing_is_slowed_down_and_never_shut_out_for_good(
    context: Context, add: Add, now: datetime
) -> None:
    add("ana")
    for _ in range(throttle.FREE_TRIES):
        assert sign_in(context, "ana", "wrong", now) is None
    with pytest.raises(TooMany) as caught:
        sign_in(context, "ana", PASSWORD, now)
    assert caught.value.retry_after >= 1
    later = now + timedelta(seconds=2)
    assert sign_in(context, "ana", "wrong", later) is None
    with pytest.raises(TooMany):  # the delay grows
        sign_in(context, "ana", PASSWORD, later + timedelta(seconds=1))
    for _ in range(30):
        later += throttle.LONGEST_WAIT
        assert sign_in(context, "ana", "wrong", later) is None
    assert (
        sign_in(context, "ana", PASSWORD, later + throttle.LONGEST_WAIT)
        is not None
    )
    # A success starts the count anew.
    assert (
        sign_in(context, "ana", "wrong", later + throttle.LONGEST_WAIT) is None
    )
    assert (
        sign_in(context, "ana", PASSWORD, later + throttle.LONGEST_WAIT)
        is not None
    )


def test_unknown_names_are_slowed_down_alike(
    context: Context, now: datetime
) -> None:
    for _ in range(throttle.FREE_TRIES):
        sign_in(context, "nobody", "wrong", now)
    with pytest.raises(TooMany):
        sign_in(context, "nobody", "wrong", now)


def test_a_stranger_does_not_slow_down_the_own_browser(
    context: Context, add: Add, now: datetime
) -> None:
    add("ana")
    mark = throttle.new_mark(context.keyring, "ana")
    for _ in range(throttle.FREE_TRIES):
        sign_in(context, "ana", "wrong", now)
    with pytest.raises(TooMany):
        sign_in(context, "ana", PASSWORD, now)
    assert sign_in(context, "ana", PASSWORD, now, mark) is not None


@pytest.mark.parametrize("mark", ["", "x", "0" * 32 + ".forged", "é.ü"])
def test_a_forged_mark_counts_for_nothing(
    context: Context, add: Add, now: datetime, mark: str
) -> None:
    add("ana")
    other = throttle.new_mark(context.keyring, "ben")
    assert not throttle.is_marked(context.keyring, "ana", other)
    for _ in range(throttle.FREE_TRIES):
        sign_in(context, "ana", "wrong", now)
    with pytest.raises(TooMany):
        sign_in(context, "ana", PASSWORD, now, mark)


def test_attempts_made_at_once_count_as_if_made_in_turn(
    context: Context, add: Add, now: datetime
) -> None:
    """Many guesses that all read the count before any of them was written down."""
    add("ana")
    with context.database.reading() as session:
        tried = [
            logins.begin_attempt(session, context, "ana", now)
            for _ in range(throttle.FREE_TRIES + 1)
        ]
    results = []
    for number, one in enumerate(tried):
        with context.database.writing() as session:
            last = number == throttle.FREE_TRIES
            results.append(
                logins.settle_attempt(
                    session, one, PASSWORD if last else None, now
                )
            )
    assert results == [None] * len(tried)


def test_sessions_end_when_idle_and_after_a_day(
    context: Context, add: Add, now: datetime
) -> None:
    add("ana")
    token = sign_in(context, "ana", PASSWORD, now)
    assert token is not None
    assert is_live(context, token, now + sessions.IDLE - timedelta(seconds=1))
    assert not is_live(context, token, now + sessions.IDLE)
    moment = now
    while moment < now + sessions.LONGEST_SESSION - timedelta(minutes=20):
        moment += timedelta(minutes=20)
        with context.database.writing() as session:
            sessions.note_use(session, token, moment)
    assert is_live(
        context, token, now + sessions.LONGEST_SESSION - timedelta(seconds=1)
    )
    assert not is_live(context, token, now + sessions.LONGEST_SESSION)


def test_dead_sessions_are_swept(
    context: Context, add: Add, now: datetime
) -> None:
    add("ana")
    sign_in(context, "ana", PASSWORD, now)
    sign_in(context, "ana", PASSWORD, now + sessions.LONGEST_SESSION)
    with context.database.reading() as session:
        assert len(session.scalars(select(LoginSession)).all()) == 1


def test_disabling_ends_every_session(
    context: Context, add: Add, now: datetime
) -> None:
    add("ana")
    tokens = [sign_in(context, "ana", PASSWORD, now) for _ in range(2)]
    with context.database.writing() as session:
        service.disable_person(
            Act(session, context, actor="test", now=now), "ana"
        )
    assert not any(is_live(context, token or "", now) for token in tokens)
    assert sign_in(context, "ana", PASSWORD, now) is None


def test_the_last_administrator_stays(
    context: Context, add: Add, now: datetime
) -> None:
    add("root", "administrator")
    with pytest.raises(Conflict), context.database.writing() as session:
        service.disable_person(
            Act(session, context, actor="test", now=now), "root"
        )
    add("second", "administrator")
    with context.database.writing() as session:
        service.disable_person(
            Act(session, context, actor="test", now=now), "root"
        )
    with pytest.raises(NotFound), context.database.writing() as session:
        service.disable_person(
            Act(session, context, actor="test", now=now), "nobody"
        )


def test_a_changed_password_ends_the_other_sessions(
    context: Context, add: Add, now: datetime
) -> None:
    add("ana")
    mine, other = (
        sign_in(context, "ana", PASSWORD, now) or "" for _ in range(2)
    )
    with context.database.writing() as session:
        person = service.find_person(session, "ana")
        act = Act(session, context, actor=person.actor, now=now)
        service.change_password(act, person.id, "quite another one", keep=mine)
    assert is_live(context, mine, now) and not is_live(context, other, now)
    assert sign_in(context, "ana", PASSWORD, now) is None
    assert sign_in(context, "ana", "quite another one", now) is not None


def test_a_renewed_password_ends_all_sessions(
    context: Context, add: Add, now: datetime
) -> None:
    add("ana")
    token = sign_in(context, "ana", PASSWORD, now) or ""
    with context.database.writing() as session:
        password = service.renew_password(
            Act(session, context, actor="test", now=now), "ana"
        )
    assert not is_live(context, token, now)
    assert sign_in(context, "ana", password, now) is not None


def test_a_weaker_hash_is_made_anew_at_sign_in(
    context: Context, add: Add, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    add("ana")
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(2, 128, 1))
    assert sign_in(context, "ana", PASSWORD, now) is not None
    with context.database.reading() as session:
        stored = session.scalars(select(Person.password_hash)).one()
    assert "m=128,t=2" in stored
    assert sign_in(context, "ana", PASSWORD, now) is not None


def test_today_s_hashes_are_argon2id_of_64_mib() -> None:
    from importlib import reload

    hasher = reload(passwords).HASHER
    assert (hasher.type.name, hasher.memory_cost, hasher.time_cost) == (
        "ID",
        65536,
        4,
    )
