"""What every page of every audience shares: headers, errors, language, limits, transactions."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import IO, TYPE_CHECKING, Any, cast

import structlog
from flask import (
    Flask,
    Request,
    Response,
    current_app,
    g,
    jsonify,
    make_response,
    render_template,
    request,
)
from flask_wtf.csrf import CSRFError, CSRFProtect
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Response as BaseResponse

from hotline.core.context import Context, utc_now
from hotline.core.errors import HotlineError, InvalidInput, TooMany
from hotline.core.language.languages import (
    SOURCE,
    list_console_languages,
    load_languages,
)
from hotline.core.logs import origin_of
from hotline.core.storage.keys.keyring import ReadingKeys
from hotline.core.web import outages
from hotline.core.web.sessions import Sessions
from hotline.core.web.translations import FolderBabel, spoken_language
from hotline.core.web.wording import is_worded, worded_error

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

EXTENSION = "hotline"
ERROR_PAGE = "hotline.error_page"
"""In an app that serves the public: a function of a status that makes the page for it."""
STAFF_PATHS = ("/console", "/provider")
CONSOLE_PATH = "/console"
LANGUAGE_COOKIE = "lang"
MAX_BODY = 2_000_000
ACT = "POST"
METHODS = ("GET", "HEAD", "OPTIONS", ACT)
PROBLEM = "application/problem+json"

# 'none' by default: a page may only do what it was given here. A view that needs less or more
# sets its own header, which is then left alone.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; worker-src 'self'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), interest-cohort=()",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}
_NAMES = {name: name.lower() for name in HEADERS}
csrf = CSRFProtect()
log = structlog.get_logger(__name__)


class MemoryRequest(Request):
    """Werkzeug writes large parts of a multipart body to a temporary file; ours never touch a disk.

    ``MAX_BODY`` bounds the memory. A HEAD is a GET whose body stays away, and to a view it is one:
    a view that took everything but GET for an act would act on it, and no form token is asked for.
    """

    def __init__(
        self, environ: WSGIEnvironment, *args: Any, **options: Any
    ) -> None:
        super().__init__(environ, *args, **options)
        if self.method == "HEAD":
            self.method = (
                "GET"  # the server goes by the environment, and sends no body
            )

    def _get_file_stream(
        self,
        total_content_length: int | None,  # noqa: ARG002
        content_type: str | None,  # noqa: ARG002
        filename: str | None = None,  # noqa: ARG002
        content_length: int | None = None,  # noqa: ARG002
    ) -> IO[bytes]:
        return io.BytesIO()


def current_context() -> Context:
    """The running app's context."""
    return cast(Context, current_app.extensions[EXTENSION])


def writing() -> AbstractContextManager[Session]:
    """One transaction of an act; committed at the end of the ``with`` block.

    Acts come by POST, which alone is asked for a form token; by anything else nothing is changed.
    """
    if request.method != ACT:
        raise MethodNotAllowed(valid_methods=[ACT])
    return current_context().database.writing()


def noting() -> AbstractContextManager[Session]:
    """One transaction that notes of a look that it was taken; anybody may make somebody look."""
    return current_context().database.writing()


@contextmanager
def reading() -> Iterator[Session]:
    """A transaction of a page that writes nothing; whoever asks within it is in the same one."""
    outer: Session | None = g.get("reading")
    if outer is not None:
        yield outer
        return
    with current_context().database.reading() as session:
        g.reading = session
        try:
            yield session
        finally:
            del g.reading


def looking() -> AbstractContextManager[Session]:
    """For figures and search: perhaps of a copy that is some seconds old. Nothing is decided by
    it, and nothing can be written to it."""
    return current_context().replica.looking(utc_now())


def install_site(app: Flask, ctx: Context) -> None:
    """Give ``app`` everything this module promises."""
    settings = ctx.settings
    app.extensions[EXTENSION] = ctx
    app.config.update(
        # Flask asks only whether there is one; cookies and tokens go by the keys of the moment.
        SECRET_KEY=ctx.keyring.bytes_of("sessions"),
        WTF_CSRF_SECRET_KEY=ReadingKeys(ctx.keyring, "sessions"),
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_BODY,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        WTF_CSRF_TIME_LIMIT=None,  # a form may be filled in slowly; the session bounds the token
        # The check of the Referer would refuse every form over https: our own pages send none. The
        # token, a same-site cookie and the session protect without it.
        WTF_CSRF_SSL_STRICT=False,
        BABEL_DEFAULT_LOCALE=ctx.country.default_language.replace("-", "_"),
        BABEL_DEFAULT_TIMEZONE=ctx.country.time_zone,
    )
    app.request_class = MemoryRequest
    app.session_interface = Sessions()
    app.before_request(_refuse_other_methods)  # before all else
    # Before anything reads the body.
    app.before_request(_refuse_bodies_without_length)
    # Before anything answers in its place.
    app.before_request(_remember_language)
    csrf.init_app(app)
    FolderBabel(settings.data_dir).init_app(app, locale_selector=_page_locale)
    app.after_request(_set_headers)
    app.register_error_handler(HotlineError, _known_error)
    app.register_error_handler(CSRFError, _http_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, answer_unknown_error)
    app.context_processor(_page_variables)


def page_languages() -> tuple[str, ...]:
    """Languages of this hotline's pages, the country's own first.

    On the console every language that has its words: who works here need not speak the country's.
    """
    own = current_context().country.languages
    if not request.path.startswith(CONSOLE_PATH):
        return own
    spoken = list_console_languages(current_context().settings.data_dir)
    return tuple(dict.fromkeys([*(c for c in own if c in spoken), *spoken]))


def page_language() -> str:
    """By link, then by cookie, then the country's first; never by address or browser header."""
    wanted = (
        request.args.get("lang") or request.cookies.get(LANGUAGE_COOKIE) or ""
    )
    return wanted if wanted in page_languages() else page_languages()[0]


def has_public_pages(code: str) -> bool:
    """Whether the public can be spoken to in the language ``code``."""
    languages = load_languages(current_context().settings.data_dir)
    return code in languages and languages[code].has_public_pages


def language_name(code: str) -> str:
    """How a language calls itself; its code where it has no folder here."""
    languages = load_languages(current_context().settings.data_dir)
    return languages[code].own_name if code in languages else code


def _page_locale() -> str:
    return page_language().replace("-", "_")


def new_language() -> str | None:
    """What was chosen by this very link; None where the cookie says so already, or nobody chose."""
    return cast(str | None, g.get("new_language"))


def wants_problem() -> bool:
    """API clients get RFC 9457 problems, people get pages."""
    return request.path.startswith("/api/") or request.path in (
        "/livez",
        "/readyz",
    )


def problem_response(
    status: int,
    title: str,
    detail: str,
    *,
    fields: dict[str, str] | None = None,
) -> Response:
    """RFC 9457; ``errors`` holds a JSON pointer and a reason for each faulty field."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": title,
        "status": status,
    }
    if detail:
        body["detail"] = detail
    if fields:
        body["errors"] = [
            {"pointer": p, "detail": d} for p, d in fields.items()
        ]
    response = jsonify(body)
    response.status_code = status
    response.content_type = PROBLEM
    return response


def _refuse_other_methods() -> Response | None:
    """No view is asked about a method that no view names."""
    if request.method in METHODS:
        return None
    response = _error_answer(405, "Method not allowed", "Use GET or POST.")
    response.headers["Allow"] = ", ".join(METHODS)
    return response


def _refuse_bodies_without_length() -> Response | None:
    # Servers cut a chunked body off at the limit and hand the rest over as if it were whole.
    if request.headers.get("Transfer-Encoding") or (
        request.method == ACT and request.content_length is None
    ):
        return _error_answer(
            411,
            "Length required",
            "Send the body with a Content-Length header.",
        )
    return None


def _remember_language() -> None:
    wanted = request.args.get("lang")
    if wanted in page_languages() and wanted != request.cookies.get(
        LANGUAGE_COOKIE
    ):
        g.new_language = wanted


def _set_headers(response: BaseResponse) -> BaseResponse:
    # A view that set a header of these meant it, so it stays.
    own = {name.lower() for name, _ in response.headers}
    response.headers.extend(
        {n: v for n, v in HEADERS.items() if _NAMES[n] not in own}
    )
    # The same for everybody, and so the one thing that a browser may keep.
    if request.path.startswith("/static/"):
        response.headers["Cache-Control"] = "public, max-age=3600"
    if current_context().settings.secure_cookies:
        response.headers["Strict-Transport-Security"] = (
            "max-age=63072000; includeSubDomains"
        )
    chosen = new_language()
    if chosen is not None:
        response.set_cookie(
            LANGUAGE_COOKIE,
            chosen,
            max_age=365 * 86400,
            httponly=True,
            samesite="Lax",
            secure=bool(current_context().settings.secure_cookies),
        )
    return response


def _known_error(error: HotlineError) -> BaseResponse:
    fields = error.fields if isinstance(error, InvalidInput) else None
    response = _error_answer(
        error.status,
        error.title,
        str(error) if wants_problem() else worded_error(error),
        fields,
        detail_language="" if is_worded(error) else SOURCE,
    )
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    elif outages.is_outage(error):
        outages.say_when(response.headers, error)
    return response


def _http_error(error: HTTPException) -> BaseResponse:
    if (
        error.code is None or error.code < 400
    ):  # a redirect that Werkzeug raises
        return error.get_response()
    response = _error_answer(error.code, error.name, error.description or "")
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after"):
            response.headers[name] = value
    return response


def answer_unknown_error(error: Exception) -> BaseResponse:
    """What nobody foresaw; and what the database refused, for now or because of a value."""
    log_failure(error)
    if outages.is_outage(error):
        response = _error_answer(
            503, "Not available at the moment", "Please try again in a minute."
        )
        outages.say_when(response.headers, error)
        return response
    if outages.is_unusable_value(error):
        return _error_answer(400, "Not possible", "A value cannot be used.")
    return _error_answer(
        500, "Something went wrong", "Please try again in a few minutes."
    )


def log_failure(error: Exception) -> None:
    """Log where, never what: the request of a frightened person is in the values."""
    log.error(
        "request_failed",
        endpoint=request.endpoint,
        error=type(error).__name__,
        where=origin_of(error),
    )


def _error_answer(
    status: int,
    title: str,
    detail: str,
    fields: dict[str, str] | None = None,
    *,
    detail_language: str = SOURCE,
) -> Response:
    """A problem for a machine, a page for a person. ``detail_language``: "" for the page's own."""
    if wants_problem():
        return problem_response(status, title, detail, fields=fields)
    public = current_app.extensions.get(ERROR_PAGE)
    # A frightened visitor meets words and a way to help, also where something broke.
    if public is not None and not request.path.startswith(STAFF_PATHS):
        return make_response(public(status), status)
    page = render_template(
        "errors/error.html",
        status=status,
        detail=detail,
        detail_language=detail_language,
        typed=outages.typed_fields(request, status),
    )
    return make_response(page, status)


def _page_variables() -> dict[str, object]:
    ctx = current_context()
    return {
        "country": ctx.country,
        "hotline_name": ctx.hotline_name,
        "languages": page_languages(),
        "language_name": language_name,
        "language": spoken_language() or page_languages()[0],
    }
