"""How other people's hash services are asked: by HTTPS, never redirected, with bounded answers.

Redirects are not followed and the environment's proxies are not used: the credentials and the
hashes go to the one address that a person wrote down. Answers are read up to a limit, by the
guarded client: a name that leads to an address inside is not followed there.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from hotline.core.errors import Forbidden, InvalidInput, NoAnswer, Unavailable
from hotline.core.network.client import Reply, is_this_machine

# A second try may work after these; another 4xx says that the question itself is wrong.
RETRY_STATUS = frozenset({408, 425, 429})


def checked_url(url: str) -> str:
    """``url`` without a slash at its end. Raises InvalidInput where a password or a hash would
    travel in the clear: plain HTTP is for this very machine only (tests, a tunnel's end)."""
    parts = urlsplit(url)
    # The address is shown and logged; credentials have a place of their own.
    if parts.username or parts.password or parts.query or parts.fragment:
        raise InvalidInput(
            "The address of a hash service has no password, query or fragment."
        )
    if parts.hostname and (
        parts.scheme == "https"
        or (parts.scheme == "http" and is_this_machine(parts.hostname))
    ):
        return url.rstrip("/")
    raise InvalidInput(
        f"{url[:200]!r} is not an https:// address.", hint="Use HTTPS."
    )


def body_of(reply: Reply, *, limit: int) -> bytes:
    """The body of a service's answer, which the client read up to ``limit`` bytes.

    Raises Unavailable where trying again may help, Forbidden where the credentials are refused and
    InvalidInput where the question is.
    """
    if reply.error == "blocked_address":
        raise InvalidInput(
            "The hash service's address must not be visited"
            f" ({reply.reason or 'it is not public'}).",
            hint="A service in a private network needs that network in its entry's networks.",
        )
    if reply.is_refused:
        raise InvalidInput(
            f"The hash service's address cannot be used ({reply.error})."
        )
    # Before the error of the body: an answer of 401 says more than that its
    # page was too large.
    if reply.status:
        _check_status(reply.status)
    if reply.error == "too_large":
        raise InvalidInput(f"The answer is larger than {limit:,} bytes.")
    if reply.error:
        raise NoAnswer(f"The hash service failed: {reply.error}.")
    return reply.body


def _check_status(status: int) -> None:
    if status == 200:
        return
    if status in (401, 403):
        raise Forbidden(
            f"The hash service refused the credentials ({status}).",
            hint="Check the user name, the password, and whether this address is allowed there.",
        )
    sentence = f"The hash service answered {status}."
    if status >= 500 or status in RETRY_STATUS:
        raise Unavailable(sentence)
    raise InvalidInput(sentence, hint="Check the address.")
