"""Whether the machine alone tells the police of a case: only where a list was switched on for that.

The referral itself is made by ``partners``, which this package does not know: a job is posted under
a name, and everything is looked at once more when it runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hotline.core.storage import outbox
from triage.cases.examination.police_lists import strongest
from triage.cases.models import Case
from triage.hashlists.models import MediaMatch
from triage.items.models import ItemMedia

JOB = "referral.automatic"
# A case that people are through with is theirs: what comes next is for them to say.
UNDECIDED = ("waiting", "second_assessment", "third_assessment", "assessed", "in_progress")


def police_route(case: Case) -> Mapping[str, Any] | None:
    """The route to the police that only waits for an assessment. Where the rules do not know whose
    case it is, a person decides, match or not."""
    for route in case.routing.get("routes", []):
        if route["to"] == "police" and route["after"] in (None, "assessment"):
            return dict(route)
    return None


def evidence(session: Session, case: Case) -> MediaMatch | None:
    """The match on which the police may be told of this case now; None where there is none."""
    if case.state not in UNDECIDED or police_route(case) is None:
        return None
    return strongest(session, ItemMedia.item_id == case.item_id)


def post_if_strong(session: Session, case: Case, now: datetime) -> None:
    """Have the police told, once a match and case."""
    found = evidence(session, case)
    if found is None:
        return
    outbox.post(
        session, JOB, key=f"police:{case.id}:{found.id}", payload={"case_id": str(case.id)},
        now=now, queue="urgent",
    )  # fmt: skip
