"""The web application: one factory, any of three audiences.

A deployment may serve the public pages, the console and the providers' pages from one process or
from three, on hosts of their own; what an app does not serve does not exist there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from apiflask import APIFlask
from flask import Blueprint, request
from jinja2 import ChoiceLoader, PackageLoader, StrictUndefined
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from werkzeug.middleware.proxy_fix import ProxyFix

from hotline.core.context import Context
from hotline.core.settings import Audience
from hotline.core.web import health, measuring, retries, security_txt, site
from hotline.core.web.pulse import Pulse
from hotline.intake.form import published
from hotline.intake.form.asking import understood
from hotline.intake.form.receipt import place_news, seen_again
from hotline.intake.models import Report
from hotline.intake.registry.questions import Answers

if TYPE_CHECKING:
    from triage.rulebook.in_force import RuleKeeper

ROOT = Path(__file__).parent.parent
STATIC = ROOT / "hotline" / "core" / "static"


WITH_TEMPLATES = (
    "hotline.core",
    "hotline.intake",
    "triage",
    "partners",
    "workers",
)


def create_app(context: Context, pulse: Pulse | None = None) -> APIFlask:
    """The app of the audiences that the settings name; ``pulse`` tells whether it can store."""
    app = APIFlask(
        "hotline",
        title="Hotline",
        version="1",
        static_folder=str(STATIC),
        docs_path=None,
        spec_path=None,
        json_errors=False,
    )
    _set_up_templates(app)
    app.url_defaults(_add_digest)
    site.install_site(app, context)
    app.register_blueprint(health.create_blueprint(_readiness(context, pulse)))
    app.register_blueprint(security_txt.create_blueprint())
    rules = _RulesInForce(context)
    understood.register_reader(app, _read_report(context, rules))
    seen_again.register_counter(app, _count_seen)
    place_news.register_teller(app, _tell_places(context))
    published.register_publisher(app, _publisher(context))
    # What is not registered cannot be reached, whatever a proxy in front lets
    # through.
    for audience in context.settings.audiences:
        for blueprint in BLUEPRINTS[audience]():
            app.register_blueprint(blueprint)
    if "console" in context.settings.audiences:
        rules.keep_for_pages(app)
    retries.retry_refused_acts(app)
    measuring.count_requests(app)
    # Without a proxy in front these headers are whatever a client writes into
    # them.
    if context.settings.trusted_proxies:
        hops = context.settings.trusted_proxies
        # Only scheme and host are taken over; the client's address is never wanted.
        behind_a_proxy = ProxyFix(
            app.wsgi_app, x_for=0, x_proto=hops, x_host=hops
        )
        app.wsgi_app = behind_a_proxy  # type: ignore[method-assign]
    return app


def _set_up_templates(app: APIFlask) -> None:
    # A misspelt name in a template is a fault, and not an empty place on a
    # page.
    app.jinja_env.undefined = StrictUndefined
    # In every template: Flask by itself goes by what its name ends in.
    app.jinja_env.autoescape = True
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_loader = ChoiceLoader(
        [PackageLoader(name) for name in WITH_TEMPLATES]
    )


def _add_digest(endpoint: str, values: dict[str, object]) -> None:
    """A page after an upgrade asks for its own scripts, and not for what a browser keeps of older
    ones for an hour."""
    if endpoint == "static":
        values["v"] = _digest_of(str(values["filename"]))


@cache
def _digest_of(name: str) -> str:
    content = (STATIC / name).read_bytes()
    return hashlib.sha256(content).hexdigest()[:12]


class _RulesInForce:
    """The rules that two people put in force, for the pages of one application."""

    def __init__(self, context: Context) -> None:
        self._context = context

    @cached_property
    def keeper(self) -> RuleKeeper:
        # An app that serves no page with rules starts without them.
        from triage.rulebook.in_force import RuleKeeper

        return RuleKeeper(self._context)

    def keep_for_pages(self, app: APIFlask) -> None:
        @app.before_request
        def keep() -> None:
            # Whether the service lives must not hang on the database.
            if request.blueprint not in (None, "health"):
                self.keeper.keep_for_page()


def _read_report(context: Context, rules: _RulesInForce) -> understood.Reader:
    """What triage understands of a report, for the page that asks to check it."""

    def read(
        lines: Sequence[str], narrative: str, answers: Answers, region: str
    ) -> understood.Understood:
        # Loaded when it is asked for: an app that serves no such page starts
        # without it.
        from triage.cases.people.reading.understanding import understand_report
        from triage.locations.catalogue import load_platforms

        rules.keeper.keep_for_page()
        catalogue = load_platforms(context.settings.data_dir)
        return understand_report(
            lines,
            narrative,
            answers,
            region,
            catalogue,
            str(understood.ZONE_NOT_STATED),
        )

    return read


def _count_seen(
    session: Session, report: Report
) -> seen_again.SeenAgain | None:
    from triage.cases.fingerprints import count_for_reporter

    return count_for_reporter(session, report)


def _tell_places(context: Context) -> place_news.Teller:
    """What partners and our own checks know of a report's places, for the page of its receipt."""

    def tell(
        session: Session, report: Report, now: datetime
    ) -> Sequence[place_news.PlaceNews]:
        from partners.reporters.telling import tell_reporter

        return tell_reporter(session, context, report, now)

    return tell


def _publisher(context: Context) -> published.Publisher:
    from workers.statistics.publishing import Quarters

    return Quarters(context.country.time_zone)


def _readiness(
    context: Context, pulse: Pulse | None
) -> dict[str, health.Check]:
    """What the process itself and the packages above the ground floor have to say.

    The index lies where the workers are, and so does the console; public pages on a host of their
    own know nothing of it.
    """
    checks: dict[str, health.Check] = {}
    if pulse is not None:
        checks["writing"] = pulse.find_fault
    if "console" in context.settings.audiences:
        checks["known_hashes"] = _check_index(context)
        checks["index_age"] = _check_index_age
    return checks


def _check_index(context: Context) -> health.Check:
    from triage.hashlists.search.readiness import IndexReadiness

    index = IndexReadiness(context.settings.data_dir)

    def known_hashes(_: datetime) -> str:
        try:
            with site.reading() as session:
                return index.fault(session)
        except SQLAlchemyError:
            return ""  # said by the check of the database

    return known_hashes


def _check_index_age(now: datetime) -> str:
    """Of every machine that lives, as each says which edition of the lists its index has."""
    from triage.hashlists.search.index_edition import find_machines_behind

    try:
        with site.reading() as session:
            count = len(find_machines_behind(session, now))
    except SQLAlchemyError:
        return ""  # said by the check of the database
    return (
        f"the index of known hashes is behind on {count} machines"
        if count
        else ""
    )


def _public() -> list[Blueprint]:
    from hotline.intake.api.views import blueprint as api
    from hotline.intake.form.views import blueprint as pages

    return [pages, api]


def _console() -> list[Blueprint]:
    from hotline.accounts.approvals.kinds import register_kinds
    from hotline.accounts.pages import invitation_pages, session_pages
    from hotline.accounts.pages.approval_pages import blueprint as approvals
    from hotline.accounts.pages.oidc_pages import blueprint as oidc
    from hotline.accounts.pages.people_pages import blueprint as people
    from hotline.intake.form.telephone import blueprint as telephone
    from partners.console.case.diary import PartnersDiary
    from partners.console.trail import PartnersTrail
    from partners.console.views import blueprint as measures
    from partners.console.views import case_banners, case_panels
    from partners.referrals.holds import hinder_viewing
    from triage.console.views import create_blueprint as create_triage
    from workers.retention.asked import ASKED_BY_PERSON
    from workers.statistics.showing.pages import blueprint as figures

    # The case page belongs to triage, which knows no partners: what was told to whom is a panel
    # that is handed to it here.
    pages = create_triage(
        panels=case_panels,
        banners=case_banners,
        trails=[PartnersTrail()],
        diaries=[PartnersDiary()],
        hindrances=[hinder_viewing],
    )
    # Agreed on at the machine alone; the page of agreements tells of it as of any other.
    register_kinds(pages, ASKED_BY_PERSON)
    sign_in, account = invitation_pages.blueprint, session_pages.blueprint
    return [
        sign_in,
        oidc,
        account,
        people,
        approvals,
        telephone,
        pages,
        measures,
        figures,
    ]


def _provider() -> list[Blueprint]:
    from partners.notices.views import blueprint as notices
    from partners.referrals.views import blueprint as referrals

    return [notices, referrals]


BLUEPRINTS: dict[Audience, Callable[[], list[Blueprint]]] = {
    "public": _public,
    "console": _console,
    "provider": _provider,
}
