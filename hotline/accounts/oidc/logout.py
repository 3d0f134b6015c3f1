"""Being signed out by the provider: OpenID Connect Back-Channel Logout 1.0.

Its servers call us, with a signed token and without any browser. Whoever writes such a token
themself must not be able to end anybody's session, nor to have the provider asked at will: every
claim is looked at before its keys are, and these are asked for once in a while at most.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from hotline.accounts.oidc.flow import ALGORITHMS, LEEWAY
from hotline.accounts.oidc.provider import Provider, fetch_recent_keys
from hotline.core.errors import InvalidInput, phrase
from hotline.core.settings import Settings

EVENT = "http://schemas.openid.net/event/backchannel-logout"
TYPES = ("logout+jwt", "jwt")
"""What the header may say that it is, where it says so: never an access token, for example."""
LONGEST_TOKEN = 20_000
LONGEST_WORD = 255
LONGEST_AGE = timedelta(minutes=10)
"""The provider sends it at once, perhaps a second time. Older ones are not taken, so that what is
remembered of those that were can be forgotten."""


@dataclass(frozen=True, slots=True)
class Logout:
    """Who is signed out there: somebody (``subject``), one of their sessions (digest ``session``),
    or both. ``digest`` is the token's own, which counts once, until ``expires_at``."""

    issuer: str
    subject: str
    session: bytes | None
    digest: bytes
    expires_at: datetime


def read_logout(
    settings: Settings, provider: Provider, token: str, now: datetime
) -> Logout:
    """What the token says, once its signature and every claim holds; else ``InvalidInput``."""
    if len(token) > LONGEST_TOKEN:
        raise _refusal()
    try:
        # Read before the signature is looked at: keys are asked for only by a
        # token that could be one.
        header, claims = (_read_part(part) for part in token.split(".")[:2])
        if str(header.get("typ", "jwt")).lower() not in TYPES:
            raise _refusal()
        logout = _read_claims(settings, provider, claims, now)
        keys = KeySet.import_key_set(fetch_recent_keys(settings, provider))  # type: ignore[arg-type]
        signed = jwt.decode(token, keys, algorithms=ALGORITHMS)
    except (
        JoseError,
        ValueError,
        KeyError,
        TypeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise _refusal() from error
    # What was checked above has to be what was signed.
    if signed.claims != claims:
        raise _refusal()
    return logout


def _read_part(part: str) -> dict[str, object]:
    data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    said = json.loads(data)
    if not isinstance(said, dict):
        raise _refusal()
    return said


def _read_claims(
    settings: Settings,
    provider: Provider,
    claims: Mapping[str, object],
    now: datetime,
) -> Logout:
    audience = claims["aud"]
    listed = audience if isinstance(audience, list) else [audience]
    events = claims["events"]
    is_for_us = (
        claims["iss"] == provider.issuer and settings.oidc_client_id in listed
    )
    # A token with a nonce is one of a sign-in, which must not sign anybody out.
    is_logout = (
        isinstance(events, dict)
        and isinstance(events.get(EVENT), dict)
        and "nonce" not in claims
    )
    issued = _read_time(claims["iat"])
    ends = _read_time(claims["exp"]) if "exp" in claims else issued
    leeway = timedelta(seconds=LEEWAY)
    is_of_now = issued - leeway <= now <= issued + LONGEST_AGE + leeway
    if "exp" in claims:
        is_of_now = is_of_now and now <= ends + leeway
    subject, sid = (_read_word(claims.get(name)) for name in ("sub", "sid"))
    token_id = _read_word(claims["jti"])
    says_who = bool(token_id and (subject or sid))
    if not (is_for_us and is_logout and is_of_now and says_who):
        raise _refusal()
    return Logout(
        provider.issuer,
        subject,
        digest_of_session(provider.issuer, sid),
        _digest_words(provider.issuer, token_id),
        # For as long as it could come again.
        issued + LONGEST_AGE + 2 * leeway,
    )


def _read_time(value: object) -> datetime:
    # In Python true is a number, in JSON it is none.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refusal()
    return datetime.fromtimestamp(value, UTC)


def _read_word(value: object) -> str:
    """An identifier of the provider's; "" where there is none."""
    if value is None:
        return ""
    if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_WORD:
        raise _refusal()
    return value


def digest_of_session(issuer: str, sid: str) -> bytes | None:
    """How a session of the provider's is remembered; None for no session."""
    return _digest_words(issuer, sid) if sid else None


def _digest_words(*words: str) -> bytes:
    # As a list, so that no two pairs of words give the same text.
    return hashlib.sha256(json.dumps(words).encode()).digest()


def _refusal() -> InvalidInput:
    return InvalidInput(phrase("This is no logout token for this console."))
