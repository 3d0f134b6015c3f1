"""The code flow with PKCE: where the browser is sent, and what its way back proves."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from hotline.accounts.oidc.provider import (
    Provider,
    exchange_code,
    fetch_keys,
    redirect_address,
)
from hotline.core.errors import Forbidden, phrase
from hotline.core.settings import Settings

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "Ed25519")
"""Signatures of the provider alone: no shared secret, and never none."""
LONGEST = timedelta(minutes=10)
LEEWAY = 60
"""Seconds that the two clocks may differ by."""


@dataclass(frozen=True, slots=True)
class Flow:
    """What this browser began with, kept in its signed cookie until it comes back."""

    state: str
    nonce: str
    verifier: str
    wanted: str
    began: float

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_json(cls, kept: object) -> Flow | None:
        """None for what is not, or not any more, a beginning of ours."""
        if not isinstance(kept, Mapping):
            return None
        try:
            # The cookie may be one that an older version wrote.
            return cls(**{name: kept[name] for name in cls.__slots__})
        except KeyError:
            return None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the provider says it is. ``has_second_factor``: by what the settings let count;
    ``session``: the provider's own, "" where it names none."""

    issuer: str
    subject: str
    has_second_factor: bool
    session: str = ""


def begin_flow(
    settings: Settings, provider: Provider, *, wanted: str, now: datetime
) -> tuple[str, Flow]:
    """The address that the browser is sent to, and what it has to bring back."""
    flow = Flow(
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        wanted=wanted,
        began=now.timestamp(),
    )
    more: dict[str, str] = {}
    if settings.oidc_second_factor:
        # Only a wish: what counts is what the answer says.
        more["acr_values"] = " ".join(settings.oidc_second_factor)
    url = prepare_grant_uri(
        provider.authorization_endpoint,
        client_id=settings.oidc_client_id,
        response_type="code",
        redirect_uri=redirect_address(settings),
        # No profile and no mail address: the subject is all that is used.
        scope="openid",
        state=flow.state,
        nonce=flow.nonce,
        code_challenge=create_s256_code_challenge(flow.verifier),
        code_challenge_method="S256",
        **more,
    )
    return str(url), flow


def finish_flow(
    settings: Settings,
    provider: Provider,
    flow: Flow | None,
    *,
    state: str,
    code: str,
    issuer: str,
    now: datetime,
) -> Identity:
    """Who came back; ``Forbidden`` for whatever is not the answer to this browser's question."""
    # Looked at first: a link that a stranger made up must not reach the
    # provider.
    if flow is None or not secrets.compare_digest(
        flow.state.encode(), state.encode()
    ):
        raise _refusal()
    age = now.timestamp() - flow.began
    # A browser that was sent to several providers must not bring us another's
    # answer (RFC 9207); one that never names itself cannot be asked to.
    names_itself = issuer or provider.says_issuer
    if (
        # Nor below 0: a clock that was set back would let it live on.
        not 0 <= age <= LONGEST.total_seconds()
        or not code
        or (names_itself and issuer != provider.issuer)
    ):
        raise _refusal()
    tokens = exchange_code(
        settings, provider, code=code, verifier=flow.verifier
    )
    claims = _read_claims(settings, provider, tokens, flow.nonce, now)
    return Identity(
        provider.issuer,
        str(claims["sub"]),
        has_second_factor=_counts(settings, claims),
        session=str(claims.get("sid") or ""),
    )


def _read_claims(
    settings: Settings,
    provider: Provider,
    tokens: Mapping[str, object],
    nonce: str,
    now: datetime,
) -> CodeIDToken:
    """The claims of the id token, once its signature and every one of them holds."""
    try:
        keys = KeySet.import_key_set(fetch_keys(settings, provider))  # type: ignore[arg-type]
        token = jwt.decode(
            str(tokens.get("id_token", "")), keys, algorithms=ALGORITHMS
        )
        claims = CodeIDToken(
            token.claims,
            token.header,
            options={
                "iss": {"essential": True, "value": provider.issuer},
                "aud": {"essential": True, "value": settings.oidc_client_id},
                "sub": {"essential": True},
            },
            params={
                "nonce": nonce,
                "client_id": settings.oidc_client_id,
                # By it the library checks that both tokens belong together.
                "access_token": tokens.get("access_token"),
            },
        )
        claims.validate(now=int(now.timestamp()), leeway=LEEWAY)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise _refusal() from error
    if claims.get("nonce") != nonce:
        raise _refusal()
    return claims


def _counts(settings: Settings, claims: Mapping[str, object]) -> bool:
    """Whether the provider saw a second factor, by the words that the settings name; by default no
    word counts."""
    methods = claims.get("amr")
    # Not a set: whatever the provider says may stand here, and need not hash.
    said = [claims.get("acr"), *(methods if isinstance(methods, list) else ())]
    return any(word in said for word in settings.oidc_second_factor)


def _refusal() -> Forbidden:
    return Forbidden(
        phrase("Signing in with the identity provider did not work."),
        hint=phrase("Begin again, from the page on which one signs in."),
    )
