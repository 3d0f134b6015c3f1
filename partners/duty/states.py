"""States of an alert, and what moves it on. All are stored."""

from __future__ import annotations

from enum import StrEnum


class AlertState(StrEnum):
    """Whether somebody looks after what is urgent."""

    OPEN = "open"
    """People are called, one after another, until one of them takes it."""
    ACKNOWLEDGED = "acknowledged"
    """Somebody takes it: nobody else is called."""


class AlertEvent(StrEnum):
    """What moves an alert from one state to the next."""

    CALLED = "called"
    """The next people were called."""
    ACKNOWLEDGED = "acknowledged"
    """Somebody said that they take it."""


class Way(StrEnum):
    """By what a person can be reached at night."""

    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
