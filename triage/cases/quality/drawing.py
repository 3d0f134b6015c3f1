"""Drawing decisions by chance for the quality reviewer, as each is made.

Chance is the case's own id, which is random: whoever draws twice draws the same.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.datafiles import files
from hotline.core.datafiles.shapes import parse_file
from hotline.core.storage.database import insert_once
from hotline.core.storage.ids import new_id
from triage.cases.models import Case
from triage.cases.quality.models import DrawnFor, QualityReview

FILE = "quality.toml"
Share = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, slots=True)
class Shares:
    """See the head of the data file for what each field means."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    dated: date
    source: str
    alone: Share
    machine: Share
    gold: Share = 0


@cache
def load_shares(override_dir: Path | None = None) -> Shares:
    data = files.read_toml("triage.cases", FILE, override_dir)
    return parse_file(Shares, FILE, data)


def draw_for_review(act: Act, case: Case, *, alone: bool) -> None:
    """Perhaps have the reviewer judge the decision that was just made on the case."""
    shares = load_shares(act.context.settings.data_dir)
    chance = chance_of(case)
    # First what one person decided: nobody else has looked at it.
    if alone and chance < shares.alone:
        drawn_for = DrawnFor.ALONE
    elif case.proposed_class and chance < shares.machine:
        drawn_for = DrawnFor.MACHINE
    else:
        return
    insert_once(
        act.session,
        QualityReview,
        ["case_id", "round"],
        id=new_id(),
        case_id=case.id,
        round=case.round,
        drawn_for=drawn_for,
        drawn_at=act.now,
        version="",
        answers={},
        is_gold=False,
    )


def chance_of(case: Case) -> float:
    """Another one in each round."""
    return chance_from(case.id.hex, str(case.round))


def chance_from(*parts: str) -> float:
    """From 0 to 1, the same for the same parts."""
    digest = hashlib.sha256(":".join(parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def was_judged(session: Session, case: Case) -> bool:
    """Whether the reviewer has judged the decision of this round."""
    judged = select(QualityReview.id).where(
        QualityReview.case_id == case.id,
        QualityReview.round == case.round,
        QualityReview.judged_at.is_not(None),
    )
    return session.scalar(judged) is not None


def drop_drawn(session: Session, case: Case) -> None:
    """The decision was taken back before anybody judged it."""
    session.execute(
        delete(QualityReview).where(
            QualityReview.case_id == case.id,
            QualityReview.round == case.round,
            QualityReview.judged_at.is_(None),
        )
    )
