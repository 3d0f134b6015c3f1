"""The life of one made-up case, with the history that the state machines would have written."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hotline.core.storage.ids import new_id
from hotline.core.storage.machine import CREATED, HistoryEntry
from hotline.intake.models import Report, ReportMessage
from hotline.intake.registry.kinds import ReportKind
from hotline.intake.registry.vocabulary import (
    Channel,
    MessageAuthor,
    ReporterRole,
)
from partners.manual.models import ManualAct
from partners.notices.models import Notice, ProviderAnswer
from partners.referrals.models import (
    Hold,
    Plan,
    Referral,
    ReferralOutcome,
)
from partners.referrals.vocabulary import OfficeOutcome
from triage.cases.models import Assessment, Case, CaseItem
from triage.items.models import HostingHop, Item
from workers.bench.filling.figures_rows import Cast, Columns, Rows
from workers.bench.filling.shared_rows import make_item, make_place, make_step

COUNTRIES = ("AL", "NL", "US", "DE", None)
NETWORKS = ("AS64496", "AS64497", "AS64500", None)
LANGUAGES = ("sq", "en", "sr-Latn")
ILLEGAL_SHARE = 0.7
BACK_SHARE = 0.3
HOUR = 3600.0


@dataclass(slots=True)
class CaseLife:
    """One case from its report on; ``now`` moves forward, and nothing is written after ``end``."""

    rows: Rows
    cast: Cast
    dice: random.Random
    number: int
    now: datetime
    end: datetime
    case: Columns = field(default_factory=dict)

    def live(self) -> None:
        kind = self.dice.choice(list(ReportKind))
        self._report(kind)
        places = [self._locate() for _ in range(self.dice.choice((1, 1, 2)))]
        self._open(kind, places)
        if not self._examine() or not self._assess(kind):
            return
        if self.case["outcome"].get("class") != "baseline":
            self._move("not_illegal", "not_illegal")
            return
        if self._tell(places) and self.dice.random() < BACK_SHARE:
            self._come_back(kind, places[0][1])

    def _wait(self, mean_hours: float) -> bool:
        """Let time go by; whether it is still before the end."""
        taken = self.dice.expovariate(1 / mean_hours)
        self.now += timedelta(seconds=taken * HOUR)
        return self.now < self.end

    def _note(
        self, entity: str, entity_id: uuid.UUID, event: str, *states: str
    ) -> None:
        before, after = states
        self.rows.put(
            HistoryEntry,
            make_step(
                entity,
                entity_id,
                self.now,
                event=event,
                before=before,
                after=after,
            ),
        )

    def _move(self, event: str, state: str) -> None:
        self._note("case", self.case["id"], event, self.case["state"], state)
        self.case["state"] = state
        self.case["state_since"] = self.now

    def _report(self, kind: ReportKind) -> None:
        report_id = self.rows.add(
            Report,
            received_at=self.now,
            channel=self.dice.choice(list(Channel)),
            language=self.dice.choice(LANGUAGES),
            kind=kind,
            reporter_role=self.dice.choice(list(ReporterRole)),
            danger_now=self.dice.random() < 0.02,
            receipt_mac=self.number.to_bytes(32, "big"),
        )
        if self.dice.random() < 0.2:
            hours = self.dice.expovariate(1 / 100)
            for later in (1.0, 2.0):
                self._say(report_id, hours * later)

    def _say(self, report_id: uuid.UUID, hours: float) -> None:
        at = self.now + timedelta(hours=hours)
        if at < self.end:
            self.rows.add(
                ReportMessage,
                report_id=report_id,
                at=at,
                author=MessageAuthor.REPORTER,
                actor="public",
                text=b"",
            )

    def _locate(self) -> tuple[uuid.UUID, uuid.UUID]:
        """An item and the id of its place, which the case takes in."""
        country = self.dice.choice(COUNTRIES)
        asn = self.dice.choice(NETWORKS)
        item_id = new_id()
        self.rows.put(
            Item,
            make_item(
                item_id,
                "http://host.example/",
                self.now,
                key=f"url://{item_id}.example",
                display="host.example",
                hosting_country=country,
                asn=asn,
            ),
        )
        self.rows.add(
            HostingHop,
            item_id=item_id,
            number=1,
            at=self.now,
            kind="host",
            country=country,
            asn=asn,
        )
        return item_id, new_id()

    def _open(
        self, kind: ReportKind, places: list[tuple[uuid.UUID, uuid.UUID]]
    ) -> None:
        case_id = self.rows.add(
            Case,
            reference=f"B-{self.number}",
            opened_at=self.now,
            kind=kind,
            state="received",
            state_since=self.now,
            outcome={},
            round=1,
        )
        self.case = self.rows.by_model[Case][-1]
        self._note("case", case_id, CREATED, "", "received")
        for number, (item_id, place_id) in enumerate(places, 1):
            self.rows.put(
                CaseItem,
                make_place(
                    case_id,
                    item_id,
                    self.now,
                    state="nothing",
                    number=number,
                    place_id=place_id,
                ),
            )
            self._note("case_item", place_id, CREATED, "", "nothing")

    def _examine(self) -> bool:
        if not self._wait(0.1):
            return False
        self._move("examined", "waiting")
        return True

    def _assess(self, kind: ReportKind) -> bool:
        first = self._answer(kind, 0, 24.0)
        if first is None:
            return False
        self._move("assessed_first", "second_assessment")
        second = self._answer(kind, 1, 12.0)
        if second is None:
            return False
        agreed = first["class"] == second["class"]
        if not agreed:
            self._move("disagreed", "third_assessment")
            second = self._answer(kind, 2, 12.0)
            if second is None:
                return False
        self.case["outcome"] = second
        self._move("agreed" if agreed else "decided", "assessed")
        return self._wait(0.2)

    def _answer(
        self, kind: ReportKind, person: int, mean_hours: float
    ) -> dict[str, str] | None:
        if not self._wait(mean_hours):
            return None
        is_illegal = self.dice.random() < ILLEGAL_SHARE
        answers = {"class": "baseline" if is_illegal else "not_illegal"}
        if is_illegal:
            answers["kind"] = kind.value
            answers["self_generated"] = self.dice.choice(("yes", "no"))
        self.rows.add(
            Assessment,
            case_id=self.case["id"],
            person_id=self.cast.persons[person],
            at=self.now,
            scheme="hotline-plain",
            version="1",
            answers=answers,
            round=self.case["round"],
        )
        return answers

    def _tell(self, places: list[tuple[uuid.UUID, uuid.UUID]]) -> bool:
        """Whether everything of the case was found gone."""
        plan_id = self.rows.add(
            Plan,
            case_id=self.case["id"],
            requested_at=self.now,
            requested_by="person:analyst0",
            approved_by="person:analyst1",
            state="approved",
            state_since=self.now,
        )
        self._move("plan_approved", "in_progress")
        if not self._tell_police(plan_id):
            return False
        if self.dice.random() < 0.3:
            self._refer(plan_id, self.cast.helpline, "helpline")
        if not self._send_notice(plan_id, [place for _, place in places]):
            return False
        self._move("removed", "removed")
        return True

    def _come_back(self, kind: ReportKind, place_id: uuid.UUID) -> None:
        """Gone, there again and gone again; then the case is opened anew, and assessed anew."""
        if not self._wait(200.0):
            return
        self._note(
            "case_item",
            place_id,
            "reappeared",
            "verified_removed",
            "came_back",
        )
        self._move("reappeared", "in_progress")
        if not self._wait(50.0):
            return
        self._note(
            "case_item", place_id, "removed", "came_back", "verified_removed"
        )
        self._move("removed", "removed")
        self._move("closed", "closed")
        if not self._wait(24.0):
            return
        self._move("reopened", "waiting")
        self.case["outcome"] = {}
        self.case["round"] = 2
        self._assess(kind)

    def _tell_police(self, plan_id: uuid.UUID) -> bool:
        """By a referral, or by telephone; a referral holds the notice back."""
        if self.dice.random() < 0.1:
            self.rows.add(
                ManualAct,
                case_id=self.case["id"],
                round=1,
                route="police-AL",
                way="telephone",
                outcome="told",
                happened_at=self.now,
                recorded_at=self.now,
                recorded_by="person:analyst0",
            )
            return True
        made = self.now
        referral_id = self._refer(plan_id, self.cast.police, "police")
        if referral_id is None:
            return False
        return self._hold(referral_id, made)

    def _refer(
        self, plan_id: uuid.UUID, partner_id: uuid.UUID, kind: str
    ) -> uuid.UUID | None:
        if not self._wait(1.0):
            return None
        referral_id = self.rows.add(
            Referral,
            reference=f"R-{kind}-{self.number}",
            case_id=self.case["id"],
            plan_id=plan_id,
            partner_id=partner_id,
            kind=kind,
            urgency="normal",
            state="delivered",
            state_since=self.now,
        )
        self._note("referral", referral_id, "delivered", "queued", "delivered")
        if self.dice.random() < 0.2:
            self.rows.add(
                ReferralOutcome,
                referral_id=referral_id,
                outcome=self.dice.choice(list(OfficeOutcome)),
                at=self.now,
                actor="partner",
            )
        return referral_id

    def _hold(self, referral_id: uuid.UUID, made: datetime) -> bool:
        hold_id = self.rows.add(
            Hold,
            case_id=self.case["id"],
            referral_id=referral_id,
            state="active",
            state_since=self.now,
        )
        # The hold was pending from the plan on; its history is written only
        # here, where it has begun.
        told_at = self.now
        self.now = made
        self._note("hold", hold_id, CREATED, "", "pending")
        self.now = told_at
        self._note("hold", hold_id, "started", "pending", "active")
        if not self._wait(20.0):
            return False
        self.rows.by_model[Hold][-1]["state"] = "released"
        self._note("hold", hold_id, "released", "active", "released")
        return True

    def _send_notice(
        self, plan_id: uuid.UUID, places: list[uuid.UUID]
    ) -> bool:
        """Whether everything of the case was found gone."""
        if not self._wait(0.5):
            return False
        notice_id = self.rows.add(
            Notice,
            reference=f"N-{self.number}",
            case_id=self.case["id"],
            plan_id=plan_id,
            partner_id=self.dice.choice((*self.cast.providers, None)),
            kind="provider_notice",
            created_at=self.now,
            state="sent",
            state_since=self.now,
        )
        self._note("notice", notice_id, "sent", "queued", "sent")
        for place_id in places:
            self._note(
                "case_item", place_id, "noticed", "awaiting_release", "noticed"
            )
        if self.dice.random() < 0.5 and self._wait(5.0):
            self.rows.add(
                ProviderAnswer,
                notice_id=notice_id,
                at=self.now,
                verb=self.dice.choice(("acknowledge", "removed")),
                text="",
            )
        for place_id in places:
            if not self._wait(30.0):
                return False
            self._note(
                "case_item",
                place_id,
                "removed",
                "noticed",
                "verified_removed",
            )
        self._note("notice", notice_id, "verified", "sent", "verified_removed")
        return True
