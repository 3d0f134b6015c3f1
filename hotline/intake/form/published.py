"""The public's page of figures, and the same as a report on paper.

The figures come from above this layer: whoever builds the application hands in where they are
published (``register_publisher``); without one there is no such page. What arrives here may be read
by anybody: small numbers were kept back before, each as None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol, cast

from babel import Locale, UnknownLocaleError
from flask import Flask, Response, current_app, render_template, request
from flask_babel import format_date, format_decimal, format_percent
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from hotline.core.errors import NotFound
from hotline.core.web import site
from hotline.intake.form import wording
from hotline.intake.form.public import blueprint
from hotline.intake.registry.kinds import row_of

_EXTENSION = "hotline.intake.published"
UNKNOWN = "unknown"


class PublishedTable(StrEnum):
    """What is published, in the order of the page."""

    KINDS = "kinds"
    LANGUAGES = "languages"
    COUNTRIES = "countries"


class PublishedStep(StrEnum):
    """How long something took."""

    POLICE = "police"
    REMOVAL = "removal"
    NOTICE_TO_REMOVAL = "notice_to_removal"


@dataclass(frozen=True, slots=True)
class PublishedCounts:
    """None: kept back."""

    counts: Mapping[str, int | None]
    total: int | None


@dataclass(frozen=True, slots=True)
class PublishedDuration:
    """Half took at most ``median_hours``; ``within``: days -> the share that was done in them."""

    median_hours: float
    within: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class PublishedFigures:
    """One quarter. A step of which there were too few is None."""

    name: str
    first: date
    last: date
    tables: Mapping[PublishedTable, PublishedCounts]
    durations: Mapping[PublishedStep, PublishedDuration | None]
    removed: int | None
    least: int


@dataclass(frozen=True, slots=True)
class PageRow:
    """``value`` is what a plot draws; None where there is nothing to draw."""

    label: str
    text: str
    value: float | None = None


@dataclass(frozen=True, slots=True)
class PageTable:
    title: str
    key: str
    rows: Sequence[PageRow]


@dataclass(frozen=True, slots=True)
class Page:
    """All that is said, in the reader's language."""

    title: str
    name: str
    sentences: Sequence[str]
    tables: Sequence[PageTable]


class Publisher(Protocol):
    """Where published figures are read, and how they come onto paper."""

    def list_periods(self, session: Session) -> list[str]:
        """The newest first."""
        ...

    def read_period(self, session: Session, name: str) -> PublishedFigures:
        """Of a period of the list."""
        ...

    def write_report(self, page: Page, house: str) -> bytes:
        """A PDF."""
        ...


def register_publisher(app: Flask, publisher: Publisher) -> None:
    app.extensions[_EXTENSION] = publisher


@blueprint.get("/statistics")
def statistics() -> str:
    """What reached the hotline, quarter by quarter."""
    names, page = _read_page()
    return render_template("public/statistics.html", names=names, figures=page)


@blueprint.get("/statistics/report")
def statistics_report() -> Response:
    """The transparency report: the page as a PDF, with drawings."""
    page = _read_page()[1]
    if page is None:
        raise NotFound("There are no figures yet.")
    house = site.current_context().hotline_name or _("Hotline")
    body = _publisher().write_report(page, house)
    name = f"figures-{page.name}.pdf"
    return Response(
        body,
        mimetype="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _publisher() -> Publisher:
    publisher = current_app.extensions.get(_EXTENSION)
    if publisher is None:
        raise NotFound("There are no figures here.")
    return cast(Publisher, publisher)


def _read_page() -> tuple[list[str], Page | None]:
    publisher = _publisher()
    with site.reading() as session:
        names = publisher.list_periods(session)
        wanted = request.args.get("period", "") or (names[0] if names else "")
        if not wanted:
            return names, None
        # Before it is read: the word comes from the address, and may be
        # anything.
        if wanted not in names:
            raise NotFound("There are no figures of such a period.")
        figures = publisher.read_period(session, wanted)
    return names, describe_figures(figures)


def describe_figures(figures: PublishedFigures) -> Page:
    first = format_date(figures.first, "long")
    last = format_date(figures.last, "long")
    removed = _write_count(figures.removed)
    return Page(
        title=_("Our figures"),
        name=figures.name,
        sentences=[
            _(
                "What reached us, and what became of it, from %(first)s to %(last)s.",
                first=first,
                last=last,
            ),
            _(
                "Places from which the material is gone, as we checked: %(count)s.",
                count=removed,
            ),
            _(
                "Numbers under %(least)s are not shown, nor others from which they could be "
                "worked out. So nobody can be recognised.",
                least=figures.least,
            ),
        ],
        tables=[
            *(
                _describe_counts(name, figures.tables[name])
                for name in PublishedTable
            ),
            _describe_durations(figures),
        ],
    )


def _describe_counts(
    name: PublishedTable, counts: PublishedCounts
) -> PageTable:
    titles = {
        PublishedTable.KINDS: (_("What was reported"), _("Kind")),
        PublishedTable.LANGUAGES: (
            _("Languages of the reports"),
            _("Language"),
        ),
        PublishedTable.COUNTRIES: (
            _("Where the material was"),
            _("Country"),
        ),
    }
    title, key = titles[name]
    rows = [
        PageRow(_name_row(name, code), _write_count(count), count)
        for code, count in counts.counts.items()
    ]
    # Without a value: a bar for the sum would dwarf all others.
    rows.append(PageRow(_("All together"), _write_count(counts.total)))
    return PageTable(title, key, rows)


def _describe_durations(figures: PublishedFigures) -> PageTable:
    labels = {
        PublishedStep.POLICE: _("From the report until the police knew"),
        PublishedStep.REMOVAL: _(
            "From the report until the material was gone"
        ),
        PublishedStep.NOTICE_TO_REMOVAL: _(
            "From our notice until the material was gone"
        ),
    }
    rows = [
        PageRow(label, _write_duration(figures.durations[step]))
        for step, label in labels.items()
    ]
    return PageTable(_("How long it took"), _("Step"), rows)


def _write_duration(duration: PublishedDuration | None) -> str:
    if duration is None:
        return str(_("Too few to say anything."))
    # The page says one of the spans; the file of figures has them all.
    days = 3
    text: str = _(
        "Half of them within %(hours)s hours; within %(days)s days %(share)s",
        hours=format_decimal(duration.median_hours, format="#,##0"),
        days=days,
        share=format_percent(duration.within[days]),
    )
    return text


def _write_count(count: int | None) -> str:
    return str(_("not shown") if count is None else format_decimal(count))


def _name_row(name: PublishedTable, code: str) -> str:
    if code == UNKNOWN and name is not PublishedTable.KINDS:
        return str(_("Not known"))
    if name is PublishedTable.KINDS:
        words = row_of(code).public
        return str(_(words)) if words else code
    if name is PublishedTable.LANGUAGES:
        # In the words of the page, and not as each language calls itself: this is no choice of
        # languages.
        return _name_language(code, site.page_language())
    country = site.current_context().country.code
    return wording.countries_of(country, site.page_language()).get(code, code)


def _name_language(code: str, language: str) -> str:
    """ "Serbian (Latin)"; as the language calls itself where the page has no word for it."""
    try:
        named = Locale.parse(code, sep="-").get_display_name(
            Locale.parse(language, sep="-")
        )
    except (ValueError, UnknownLocaleError):
        named = None
    return named or str(site.language_name(code))
