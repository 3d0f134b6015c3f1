"""What the identity provider says of itself, and its answers; asked through the guarded client.

Only what the pinned issuer says counts: its document has to name that very issuer, and every
address in it goes through the same client, to public servers by HTTPS.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from authlib.oauth2.rfc6749.parameters import prepare_token_request
from authlib.oidc.discovery import get_well_known_url

from hotline.accounts.oidc.last_answers import LastAnswers
from hotline.core.errors import NoAnswer, phrase
from hotline.core.network.client import (
    GuardedClient,
    Reply,
    reach_of,
    with_own_machine,
)
from hotline.core.settings import Settings

SECONDS = 10.0
MOST_BYTES = 200_000
KEPT_SECONDS = 600.0
"""How long what it says of itself is believed without asking again."""
RECENT_SECONDS = 10.0
"""How long its keys count as recent."""


@dataclass(frozen=True, slots=True)
class Provider:
    """The addresses that are used. ``says_issuer``: it names itself with each answer (RFC 9207)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str = ""
    says_issuer: bool = False


_providers = LastAnswers[Provider](kept_seconds=KEPT_SECONDS)
"""By issuer."""
_recent_keys = LastAnswers[Mapping[str, object]](kept_seconds=RECENT_SECONDS)
"""By the address of the keys."""


def find_provider(settings: Settings) -> Provider:
    """The provider of the settings; ``NoAnswer`` where it cannot be asked or is another one."""
    return _providers.ask(
        settings.oidc_issuer, lambda: _ask_of_itself(settings)
    )


def _ask_of_itself(settings: Settings) -> Provider:
    issuer = settings.oidc_issuer
    said = _ask(settings, get_well_known_url(issuer, external=True))
    return _read_provider(issuer, said)


def forget_providers() -> None:
    """Ask again the next time."""
    _providers.forget()
    _recent_keys.forget()


def _read_provider(issuer: str, said: Mapping[str, object]) -> Provider:
    if said.get("issuer") != issuer:
        raise NoAnswer(
            phrase("The identity provider calls itself by another name.")
        )

    def address(name: str) -> str:
        url = said.get(name, "")
        return url if isinstance(url, str) and urlsplit(url).netloc else ""

    provider = Provider(
        issuer,
        address("authorization_endpoint"),
        address("token_endpoint"),
        address("jwks_uri"),
        address("end_session_endpoint"),
        said.get("authorization_response_iss_parameter_supported") is True,
    )
    # The others are asked by the guarded client; to this one the browser goes
    # by itself.
    is_safe = urlsplit(provider.authorization_endpoint).scheme == "https"
    if not (
        provider.token_endpoint
        and provider.jwks_uri
        and (is_safe or urlsplit(issuer).scheme == "http")
        and provider.authorization_endpoint
    ):
        raise NoAnswer(
            phrase("The identity provider does not say where to sign in.")
        )
    return provider


def fetch_keys(settings: Settings, provider: Provider) -> Mapping[str, object]:
    """The keys under which it signs, asked for each time: a key that was taken back is no key."""
    return _ask(settings, provider.jwks_uri)


def fetch_recent_keys(
    settings: Settings, provider: Provider
) -> Mapping[str, object]:
    """The keys as they were a moment ago: for what anybody can have asked about."""
    return _recent_keys.ask(
        provider.jwks_uri, lambda: fetch_keys(settings, provider)
    )


def exchange_code(
    settings: Settings, provider: Provider, *, code: str, verifier: str
) -> Mapping[str, object]:
    """The tokens for a code. The client shows its secret in the header, where it has one."""
    fields = {
        "redirect_uri": redirect_address(settings),
        "code": code,
        "code_verifier": verifier,
    }
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
    }
    secret = settings.oidc_client_secret.get_secret_value()
    if secret:
        # Encoded before they are joined (RFC 6749, 2.3.1): either may hold a
        # colon.
        both = f"{quote(settings.oidc_client_id)}:{quote(secret)}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(both).decode()}"
    else:
        # Without a secret it is the verifier that proves who began.
        fields["client_id"] = settings.oidc_client_id
    body = prepare_token_request("authorization_code", **fields)
    with _client(settings) as client:
        reply = client.post(
            provider.token_endpoint, body.encode(), headers=headers
        )
    return _read_answer(reply)


def redirect_address(settings: Settings) -> str:
    """Where the provider sends the browser back to; registered there beforehand."""
    return f"{settings.console_url}/console/sign-in/provider/back"


def _ask(settings: Settings, url: str) -> Mapping[str, object]:
    with _client(settings) as client:
        reply = client.get(url, headers={"Accept": "application/json"})
    return _read_answer(reply)


def _client(settings: Settings) -> GuardedClient:
    reach = with_own_machine(reach_of(settings), settings.oidc_issuer)
    return GuardedClient(reach, seconds=SECONDS, most_bytes=MOST_BYTES)


def _read_answer(reply: Reply) -> Mapping[str, object]:
    try:
        said = json.loads(reply.body) if not reply.error else None
    except ValueError:
        said = None
    if reply.status != 200 or not isinstance(said, dict):
        raise NoAnswer(
            phrase("The identity provider did not answer as it should.")
        )
    return said
