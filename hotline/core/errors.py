"""The one tree of errors. A message says what is wrong; ``hint`` says what to do about it.

Web views map these to pages or RFC 9457 problems in one place (``hotline.core.web.site``), the
command line maps them to one line on stderr and an exit code (``workers.cli``). Nothing else
catches them.
"""

from __future__ import annotations

from collections.abc import Mapping


def phrase(text: str) -> str:
    """Marks a message that the console says in its reader's language: what is in here is gathered
    into its catalogue. The text stays as it is, for the command line and the log."""
    return text


class HotlineError(Exception):
    """Base of every error that this project raises on purpose.

    ``values`` fill the ``%(name)s`` of a message; ``template`` keeps it unfilled, as catalogues
    have it. ``said`` is what a page says instead, where message and hint speak of the program's
    own matters.
    """

    status = 500
    title = "Something went wrong"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        values: Mapping[str, str] | None = None,
        said: str = "",
    ) -> None:
        self.template, self.values = message, dict(values or {})
        self.said = said
        # Without values a per cent sign is a per cent sign.
        self.message = message % self.values if self.values else message
        super().__init__(self.message)
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class InvalidInput(HotlineError):
    """What was sent cannot be used. ``fields``: JSON pointer ("/locations/0") -> reason."""

    status = 422
    title = "The input cannot be used"

    def __init__(
        self,
        message: str,
        *,
        fields: dict[str, str] | None = None,
        hint: str = "",
        values: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, hint=hint, values=values)
        self.fields = fields or {}


class NotFound(HotlineError):
    """There is no such thing, or it is not for this caller: the two look the same on purpose."""

    status = 404
    title = "Not found"


class Forbidden(HotlineError):
    """The caller is known and may not do this."""

    status = 403
    title = "Not allowed"


class Conflict(HotlineError):
    """The thing is not in a state in which this can be done, or somebody else was first."""

    status = 409
    title = "Not possible now"


class TooMany(HotlineError):
    """A limit was reached; ``retry_after`` seconds."""

    status = 429
    title = "Too many requests"

    def __init__(
        self,
        message: str,
        *,
        retry_after: int,
        hint: str = "",
        values: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, hint=hint, values=values)
        self.retry_after = retry_after


class Unavailable(HotlineError):
    """Something that we depend on does not answer; trying later may help."""

    status = 503
    title = "Not available at the moment"
    retry_after = 60


class Busy(Unavailable):
    """This process does as much of it at once as it may; a moment later it can be tried again."""

    retry_after = 2


class NoAnswer(Unavailable):
    """A server of others cannot be reached or stays silent.

    ``hotline.core.jobs.circuit`` counts such failures.
    """


class Misconfigured(HotlineError):
    """Settings or a data file are wrong. Raised at start, with every fault at once."""

    title = "The configuration is wrong"
