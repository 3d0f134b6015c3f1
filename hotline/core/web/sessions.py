"""The cookie that Flask keeps a session in, signed by the keys of this moment."""

from __future__ import annotations

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer


class Sessions(SecureCookieSessionInterface):
    """Without a cookie there is nothing to verify, and most requests bring none."""

    def open_session(
        self, app: Flask, request: Request
    ) -> SecureCookieSession | None:
        if self.get_cookie_name(app) in request.cookies:
            return super().open_session(app, request)
        return self.session_class()

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer:
        """By the keys of this moment: a process does not end when one is rotated."""
        return URLSafeTimedSerializer(
            list(app.config["WTF_CSRF_SECRET_KEY"]),
            salt=self.salt,
            serializer=self.serializer,
            signer_kwargs={
                "key_derivation": self.key_derivation,
                "digest_method": self.digest_method,
            },
        )
