"""The words for cases: their states, what moves them on, what held reports say. All are stored."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class CaseState(StrEnum):
    """How far a case has come."""

    RECEIVED = "received"
    """The machine looks at the reported place."""
    HELD = "held"
    """A report of a possible flood opened it: nothing is done until somebody lets it through."""
    WAITING = "waiting"
    """A person is to assess it."""
    SECOND_ASSESSMENT = "second_assessment"
    """Another person is to assess it, without seeing what the first one said."""
    THIRD_ASSESSMENT = "third_assessment"
    """The two differed: a third person decides."""
    ASSESSED = "assessed"
    """It is known what it is: whom to tell is to be planned."""
    IN_PROGRESS = "in_progress"
    """Those concerned are being told, and the place is watched."""
    REMOVED = "removed"
    """Our own checks found it gone; they go on for a while."""
    CLOSED = "closed"
    """Nothing more is to be done; a new report opens it again."""
    NOT_ILLEGAL = "not_illegal"
    """People found nothing in it that the law forbids."""
    MERGED = "merged"
    """It became a part of another case, which its reference now leads to."""


class CaseEvent(StrEnum):
    """What moves a case from one state to the next."""

    EXAMINED = "examined"
    """The machine found out what it could."""
    ALARMED = "alarmed"
    """A reporter says that a child is in danger now."""
    HELD = "held"
    """The report that opened it came in a possible flood."""
    RELEASED = "released"
    """A person let the held reports through."""
    SET_ASIDE = "set_aside"
    """A person found nothing in it that was meant as a report."""
    ASSESSED_FIRST = "assessed_first"
    """The first of two people assessed it."""
    ASSESSED = "assessed"
    """One person assessed it, and the house asks for no second one."""
    AGREED = "agreed"
    """The second person said the same."""
    DISAGREED = "disagreed"
    """The second person said something else."""
    DECIDED = "decided"
    """The third person decided."""
    TAKEN_BACK = "taken_back"
    """Whoever assessed it first took that back; nobody had built on it."""
    NOT_ILLEGAL = "not_illegal"
    """The assessment says that it is not illegal."""
    PLAN_APPROVED = "plan_approved"
    """A second person agreed to whom is told."""
    HOST_MOVED = "host_moved"
    """It lies elsewhere now: whom to tell is to be decided anew."""
    TOLD = "told"
    """A person says that those concerned are told and nothing is watched."""
    REMOVED = "removed"
    """Our own checks agree that it is gone."""
    REAPPEARED = "reappeared"
    """What was gone is there again."""
    CLOSED = "closed"
    """It stayed away as long as it was watched."""
    REOPENED = "reopened"
    """An error was found, or there is news."""
    ASSESSED_STILL = "assessed_still"
    """Whoever opened it again took that back; nobody had built on it. It is as it was: assessed,"""
    NOT_ILLEGAL_STILL = "not_illegal_still"
    """found not illegal,"""
    CLOSED_STILL = "closed_still"
    """or closed."""
    PRINT_SEEN = "print_seen"
    """A picture whose fingerprint a report of the case gave was seen somewhere."""
    TOOK_IN = "took_in"
    """Another case became a part of it: both are assessed anew, as one."""
    MERGED = "merged"
    """It became a part of another case."""
    SPLIT = "split"
    """Some of its items became a case of their own: what is left is assessed anew."""


class PlaceState(StrEnum):
    """How far the removal of one item of a case is."""

    NOTHING = "nothing"
    """There is nothing to take down, or nobody was asked to yet."""
    AWAITING_RELEASE = "awaiting_release"
    """A notice is made; it waits for the police, for a contact, or to leave."""
    NOTICED = "noticed"
    """The host or the platform was told."""
    CLAIMED_REMOVED = "claimed_removed"
    """They say that it is gone; our own checks have not agreed yet."""
    VERIFIED_REMOVED = "verified_removed"
    """Our own checks found it gone."""
    MOVED = "moved"
    """It lies with another host now, which was not told yet."""
    CAME_BACK = "came_back"
    """It was gone, and is there again."""


class PlaceEvent(StrEnum):
    """What moves the removal of an item from one state to the next."""

    NOTICE_MADE = "notice_made"
    """An approved plan asks for its removal."""
    NOTICED = "noticed"
    """The notice was delivered."""
    CLAIMED = "claimed"
    """The host says that it is gone."""
    STILL_UP = "still_up"
    """Our own checks found it where it was said to be gone."""
    WITHDRAWN = "withdrawn"
    """The notice was taken back."""
    MOVED = "moved"
    """It lies with another host now."""
    REMOVED = "removed"
    """Our own checks agree that it is gone."""
    REAPPEARED = "reappeared"
    """What was gone is there again."""


class Held(IntEnum):
    """How much the most urgent of a case's held reports says; reports of a flood are held.

    Until a person lets them through, they change nothing else about the case. The larger the
    number, the sooner somebody must look.
    """

    NONE = 0
    """No report waits."""
    NOTHING_SAID = 1
    """Neither a child nor danger is spoken of."""
    CHILD_REPORTS = 2
    """A child is reporting, or somebody about material of themselves."""
    DANGER = 3
    """A child is said to be in danger now."""
