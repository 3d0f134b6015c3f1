"""What is recorded of the certificate of a server that was asked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """Whether the certificate held; if not, the code that OpenSSL has for it, and our own slug."""

    verified: bool
    code: int
    problem: str | None
