"""All that may be told to whoever holds a receipt: the same on the page and in the API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from hotline.core.context import utc_now
from hotline.core.web import site
from hotline.intake import service
from hotline.intake.form import wording
from hotline.intake.form.receipt.place_news import (
    PlaceNews,
    Said,
    tell_places,
)
from hotline.intake.form.receipt.seen_again import SeenAgain, count_places
from hotline.intake.models import Report
from hotline.intake.registry.vocabulary import ReporterRole


@dataclass(frozen=True, slots=True)
class StatusView:
    """``to_child``: a child reported, so words are simple."""

    status: service.ReportStatus
    places: Sequence[PlaceNews]
    again: SeenAgain | None
    to_child: bool

    def say(self, said: Said) -> str:
        """One piece of news as this reporter reads it, in the language of the request."""
        if self.to_child:
            return wording.say_to_child(said)
        return wording.say_news(said)


def view_of(session: Session, report: Report) -> StatusView:
    status = service.status_of(session, site.current_context(), report)
    return StatusView(
        status=status,
        places=tell_places(session, report, status.parts, utc_now()),
        again=count_places(session, report),
        # A role that was taken out since stays in old reports.
        to_child=report.reporter_role in set(ReporterRole)
        and ReporterRole(report.reporter_role).is_child,
    )
