"""The console's pages of figures, and the files in which they leave the house."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext

from hotline.accounts.navigation import Entry, register_entries
from hotline.accounts.signing_in.auth import requires
from hotline.core.context import utc_now
from hotline.core.errors import NotFound, phrase
from hotline.core.web import site
from workers.statistics.closing import load_closed, read_figures
from workers.statistics.periods import (
    Period,
    between,
    last_over,
    month_of,
    parse_period,
    year_of,
)
from workers.statistics.showing import exports
from workers.statistics.showing.exports import Form
from workers.statistics.showing.sections import describe_figures
from workers.statistics.tables import Figures, TableName

blueprint = Blueprint("figures", __name__, url_prefix="/console")
register_entries(
    blueprint,
    Entry(70, lazy_gettext("Figures"), "figures.dashboard", "stats.see"),
)


@dataclass(frozen=True, slots=True)
class Look:
    """What one request asks for: a period, and the one before."""

    period: Period
    figures: Figures
    before: Figures
    is_closed: bool
    now: datetime


@blueprint.get("/figures")
@requires("stats.see")
def dashboard() -> ResponseReturnValue:
    """Plots and tables of any period. Drawn here: the page has no scripts of its own."""
    look = _look()
    return render_template(
        "figures/dashboard.html",
        period=look.period,
        before=look.period.before(),
        is_closed=look.is_closed,
        is_over=look.period.is_over(look.now),
        sections=describe_figures(look.figures, look.before, look.period.days),
        offered=_offer_periods(look.now),
        forms=list(Form),
    )


@blueprint.get("/figures/<form>")
@requires("stats.see")
def download(form: str) -> ResponseReturnValue:
    """The same figures as a file."""
    if form not in _FORMS:
        raise NotFound(phrase("Figures are not written in that form."))
    return write_file(Form(form), _look(), _asked_tables())


def write_file(
    form: Form, look: Look, only: tuple[TableName, ...] = ()
) -> Response:
    """``only``: the tables that a CSV or XLSX has; empty for all of them."""
    tables = [
        table
        for table in look.figures.tables
        if not only or table.name in only
    ]
    parts = "-".join(("figures", *only, look.period.name))
    # A free period is written with two dots, which look like a way up.
    name = f"{parts}.{form}".replace("..", "_")
    if form is Form.CSV:
        body: bytes = exports.to_csv(tables, look.before)
    elif form is Form.XLSX:
        body = exports.to_xlsx(tables, look.before)
    else:
        body = exports.to_json(
            look.period, look.figures, look.before, look.is_closed
        )
    return Response(
        body,
        mimetype=exports.MEDIA_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _look() -> Look:
    now = utc_now()
    context = site.current_context()
    period = _asked_period(now)
    # On the copy of the database, where there is one: a year of figures must
    # not slow intake down.
    with site.looking() as session:
        return Look(
            period=period,
            figures=read_figures(session, context, period, now),
            before=read_figures(session, context, period.before(), now),
            is_closed=load_closed(session, period) is not None,
            now=now,
        )


def _asked_tables() -> tuple[TableName, ...]:
    """The one that the address names; all where it names none."""
    name = request.args.get("table", "").strip()
    if not name:
        return ()
    if name not in _TABLES:
        raise NotFound(phrase("There is no such table of figures."))
    return (TableName(name),)


def _asked_period(now: datetime) -> Period:
    """What the address names; the last whole month where it names nothing."""
    zone = site.current_context().country.time_zone
    first = request.args.get("first", "").strip()
    last = request.args.get("last", "").strip()
    if first or last:
        # One day alone is a period of one day.
        return between(first or last, last or first, zone)
    written = request.args.get("period", "").strip()
    return parse_period(written, zone) if written else last_over(now, zone)[0]


def _offer_periods(now: datetime) -> list[str]:
    """Names of the periods that are one click away: of now, and the last ones that are over."""
    zone = site.current_context().country.time_zone
    over = last_over(now, zone)
    today = now.astimezone(ZoneInfo(zone))
    now_running = (
        month_of(today.year, today.month, zone),
        year_of(today.year, zone),
    )
    return [period.name for period in (*now_running, *over)]


_FORMS: Mapping[str, Form] = {form.value: form for form in Form}
_TABLES = frozenset(name.value for name in TableName)
