"""An identity provider on loopback that speaks OpenID Connect, with keys and tokens of its own."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT, SECRET = "hotline-console", "a secret/of both"


@dataclass
class IdentityProvider:
    """``subject`` is who signs in next; ``claims`` change what the id token says of it."""

    subject: str = "sub-ana"
    claims: dict[str, object] = field(default_factory=dict)
    header: dict[str, str] = field(default_factory=dict)
    said: dict[str, object] = field(default_factory=dict)
    """What its document says instead."""
    signs_with: RSAKey | None = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    exchanges: int = 0
    key_lists: int = 0
    documents: int = 0
    """How often it was asked what it says of itself."""
    port: int = 0
    key: RSAKey = field(
        default_factory=lambda: RSAKey.generate_key(
            2048, parameters={"kid": "one"}
        )
    )

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def document(self) -> dict[str, object]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "end_session_endpoint": f"{self.issuer}/end",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "authorization_response_iss_parameter_supported": True,
            **self.said,
        }

    def authorize(self, asked: dict[str, str]) -> str:
        """The person signed in there: where the browser is sent."""
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        sent = {"code": code, "state": asked["state"], "iss": self.issuer}
        return f"{asked['redirect_uri']}?{urlencode(sent)}"

    def exchange(
        self, form: dict[str, str], authorization: str
    ) -> tuple[int, dict[str, object]]:
        self.exchanges += 1
        asked = self.codes.pop(form.get("code", ""), None)
        if authorization != _basic(CLIENT, SECRET):
            return 401, {"error": "invalid_client"}
        digest = hashlib.sha256(form.get("code_verifier", "").encode())
        challenge = base64.urlsafe_b64encode(digest.digest()).rstrip(b"=")
        if (
            asked is None
            or form.get("grant_type") != "authorization_code"
            or form.get("redirect_uri") != asked["redirect_uri"]
            or challenge.decode() != asked["code_challenge"]
        ):
            return 400, {"error": "invalid_grant"}
        return 200, {
            "access_token": "an access token",
            "token_type": "Bearer",
            "id_token": self.id_token(asked["nonce"]),
        }

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims: dict[str, object] = {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            **self.claims,
        }
        said = {name: one for name, one in claims.items() if one is not None}
        header = {"alg": "RS256", "kid": "one", **self.header}
        return jwt.encode(header, said, self.signs_with or self.key)

    def logout_token(self, **changed: object) -> str:
        """By its words of Back-Channel Logout 1.0; ``changed``: claims, None for none of that."""
        now = int(time.time())
        claims: dict[str, object] = {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 120,
            "jti": secrets.token_urlsafe(16),
            "events": {
                "http://schemas.openid.net/event/backchannel-logout": {}
            },
            **changed,
        }
        said = {name: one for name, one in claims.items() if one is not None}
        header = {
            "alg": "RS256",
            "kid": "one",
            "typ": "logout+jwt",
            **self.header,
        }
        return jwt.encode(header, said, self.signs_with or self.key)


def _basic(name: str, secret: str) -> str:
    from urllib.parse import quote

    both = f"{quote(name)}:{quote(secret)}".encode()
    return f"Basic {base64.b64encode(both).decode()}"


@contextmanager
def served_provider() -> Iterator[IdentityProvider]:
    """Served on a port of its own until the end of the ``with`` block."""
    provider = IdentityProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/.well-known/openid-configuration":
                provider.documents += 1
                self._answer(200, provider.document())
            elif parts.path == "/jwks":
                provider.key_lists += 1
                keys = KeySet([provider.key]).as_dict(private=False)
                self._answer(200, dict(keys))
            else:
                self._answer(404, {})

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length).decode()
            form = {name: one[0] for name, one in parse_qs(body).items()}
            self._answer(
                *provider.exchange(
                    form, unquote(self.headers.get("Authorization", ""))
                )
            )

        def _answer(self, status: int, said: dict[str, object]) -> None:
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
