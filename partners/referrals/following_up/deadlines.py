"""When an answer to a referral is expected, and how soon it is asked for again."""

from __future__ import annotations

from datetime import datetime, timedelta

from hotline.core.datafiles.countries import Country, add_business_hours
from triage.jurisdiction import Urgency

# What is urgent counts real hours: a child may meet somebody on Saturday.
REAL_HOURS = {
    Urgency.IMMEDIATE: timedelta(hours=4),
    Urgency.HIGH: timedelta(hours=16),
}
WORKING_HOURS = 40.0
"""Of the country's offices, for what is normal."""

REAL_PAUSES = {
    Urgency.IMMEDIATE: timedelta(hours=1),
    Urgency.HIGH: timedelta(hours=8),
}
WORKING_PAUSE = 16.0


def find_due_time(
    country: Country, urgency: str, begins_at: datetime
) -> datetime:
    """The deadline of a referral that leaves at ``begins_at``."""
    if urgency in REAL_HOURS:
        return begins_at + REAL_HOURS[Urgency(urgency)]
    return add_business_hours(country, begins_at, WORKING_HOURS)


def find_next_step(country: Country, urgency: str, now: datetime) -> datetime:
    """When somebody is asked again of whom no answer has come."""
    if urgency in REAL_PAUSES:
        return now + REAL_PAUSES[Urgency(urgency)]
    return add_business_hours(country, now, WORKING_PAUSE)
