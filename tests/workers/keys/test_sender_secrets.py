"""A sender's API key and webhook secret are replaced, and the old ones work on for a while."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from hotline.core.act import Act
from hotline.core.context import Context, utc_now
from hotline.core.errors import Conflict
from hotline.intake.api import keys, webhooks
from hotline.intake.models import ApiKey
from workers.house import require_own_database
from workers.keys.retiring import retire_keys
from workers.keys.rotation import Pace, rotate_key

WEEK = timedelta(days=7)


@pytest.fixture
def key(context: Context) -> str:
    """The text of the app's key, which has a webhook."""
    require_own_database(context)
    with context.database.writing() as session:
        act = Act(session, context, "test", utc_now())
        text = keys.create_key(act, "App", scopes=["reports"], daily_quota=9)
        webhooks.subscribe_sender(act, "App", "https://app.example/hook")
    return text


def works(context: Context, text: str) -> bool:
    try:
        keys.authenticate_sender(context, f"Bearer {text}", "reports")
    except keys.Unauthorised:
        return False
    return True


def test_the_old_key_works_for_its_grace(context: Context, key: str) -> None:
    with context.database.writing() as session:
        act = Act(session, context, "test", utc_now())
        new = keys.rotate_key(act, "App", WEEK)
    assert works(context, key)
    assert works(context, new)
    with context.database.writing() as session:
        session.execute(
            update(ApiKey).values(previous_until=utc_now() - timedelta(1))
        )
    assert not works(context, key)
    assert works(context, new)


def test_a_revoked_key_gets_no_other_one(context: Context, key: str) -> None:
    with context.database.writing() as session:
        act = Act(session, context, "test", utc_now())
        keys.revoke_key(act, "App")
        with pytest.raises(Conflict):
            keys.rotate_key(act, "App", WEEK)
    assert not works(context, key)


def test_a_key_of_before_is_known_and_renewed_when_it_is_used(
    context: Context, key: str
) -> None:
    """It was stored as a digest under the key of links, which can be retired once it is renewed."""
    old = context.keyring.mac("links", f"api key:{key}".encode())
    with context.database.writing() as session:
        session.execute(update(ApiKey).values(mac=old, keyed=True))
    rotate_key(context, "links", grace=timedelta(0), pace=Pace(settle=0))
    with pytest.raises(Conflict, match="App"):
        retire_keys(context, "links", now=utc_now())
    assert works(context, key)
    retire_keys(context, "links", now=utc_now())
    assert works(context, key)
    with context.database.reading() as session:
        row = session.scalars(select(ApiKey)).one()
    assert not row.keyed


def test_a_webhook_is_signed_with_both_secrets_for_the_grace(
    context: Context, key: str
) -> None:
    now = utc_now()
    with context.database.writing() as session:
        row = session.scalars(select(ApiKey)).one()
        before = webhooks.receiver_of(session, context, row.id, now)
        assert before is not None
        act = Act(session, context, "test", now)
        new = webhooks.rotate_secret(act, "App", WEEK)
        during = webhooks.receiver_of(session, context, row.id, now)
        after = webhooks.receiver_of(session, context, row.id, now + WEEK)
    assert during is not None
    assert after is not None
    assert during.secrets == (new, *before.secrets)
    assert after.secrets == (new,)
    headers = webhooks.sign_headers(during.secrets, "m1", b"{}", now)
    signed = headers["webhook-signature"].split(" ")
    assert signed == [
        signature(secret, headers["webhook-timestamp"])
        for secret in during.secrets
    ]


def signature(secret: str, timestamp: str) -> str:
    """As a receiver computes it from the standard."""
    plain = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(
        plain, f"m1.{timestamp}.".encode() + b"{}", hashlib.sha256
    )
    return "v1," + base64.b64encode(digest.digest()).decode()
