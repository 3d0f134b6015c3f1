"""What a case and each of its places can be, and what leads from one to the next: tables."""

from __future__ import annotations

from types import MappingProxyType

from hotline.core.storage.machine import Machine
from triage.cases.vocabulary import (
    CaseEvent,
    CaseState,
    PlaceEvent,
    PlaceState,
)

# While nobody is told of a case, it can become a part of another one.
MERGEABLE = (
    CaseState.WAITING,
    CaseState.SECOND_ASSESSMENT,
    CaseState.THIRD_ASSESSMENT,
    CaseState.ASSESSED,
)

# Nobody works on these any more, unless something new comes to be known.
OVER_BUT_FOR_NEWS = (
    CaseState.REMOVED,
    CaseState.CLOSED,
    CaseState.NOT_ILLEGAL,
)

# Where the first assessment of a round leads, before anybody is told.
AFTER_FIRST = (
    CaseState.SECOND_ASSESSMENT,
    CaseState.ASSESSED,
    CaseState.NOT_ILLEGAL,
)

CASE_MACHINE = Machine(
    "case",
    CaseState.RECEIVED,
    MappingProxyType(
        {
            # the machine looks first; whatever it can't find out stays unknown, for a person
            (CaseState.RECEIVED, CaseEvent.EXAMINED): CaseState.WAITING,
            # somebody is in danger now: no person waits for what the machine finds out
            (CaseState.RECEIVED, CaseEvent.ALARMED): CaseState.WAITING,
            # opened by a report of a flood: nothing is done until somebody lets it through
            (CaseState.RECEIVED, CaseEvent.HELD): CaseState.HELD,
            (CaseState.HELD, CaseEvent.RELEASED): CaseState.RECEIVED,
            # a person found nothing in it that was meant as a report
            (CaseState.HELD, CaseEvent.SET_ASIDE): CaseState.CLOSED,
            (CaseState.WAITING, CaseEvent.EXAMINED): CaseState.WAITING,
            # two people assess, the second one blind; a third decides where they disagree
            (
                CaseState.WAITING,
                CaseEvent.ASSESSED_FIRST,
            ): CaseState.SECOND_ASSESSMENT,
            (CaseState.WAITING, CaseEvent.ASSESSED): CaseState.ASSESSED,
            (
                CaseState.SECOND_ASSESSMENT,
                CaseEvent.AGREED,
            ): CaseState.ASSESSED,
            (
                CaseState.SECOND_ASSESSMENT,
                CaseEvent.DISAGREED,
            ): CaseState.THIRD_ASSESSMENT,
            (
                CaseState.THIRD_ASSESSMENT,
                CaseEvent.DECIDED,
            ): CaseState.ASSESSED,
            # a slip of the hand, before anybody built on it
            **{
                (state, CaseEvent.TAKEN_BACK): CaseState.WAITING
                for state in AFTER_FIRST
            },
            # from the assessment to those who are told
            (CaseState.ASSESSED, CaseEvent.NOT_ILLEGAL): CaseState.NOT_ILLEGAL,
            (
                CaseState.ASSESSED,
                CaseEvent.PLAN_APPROVED,
            ): CaseState.IN_PROGRESS,
            (CaseState.ASSESSED, CaseEvent.REOPENED): CaseState.WAITING,
            (CaseState.IN_PROGRESS, CaseEvent.REMOVED): CaseState.REMOVED,
            (CaseState.IN_PROGRESS, CaseEvent.TOLD): CaseState.CLOSED,
            (CaseState.ASSESSED, CaseEvent.TOLD): CaseState.CLOSED,
            (
                CaseState.IN_PROGRESS,
                CaseEvent.PLAN_APPROVED,
            ): CaseState.IN_PROGRESS,
            # the host changed: whom to tell is to be decided anew, what was told still counts
            (CaseState.IN_PROGRESS, CaseEvent.HOST_MOVED): CaseState.ASSESSED,
            (CaseState.ASSESSED, CaseEvent.REMOVED): CaseState.REMOVED,
            (CaseState.REMOVED, CaseEvent.REAPPEARED): CaseState.IN_PROGRESS,
            (CaseState.REMOVED, CaseEvent.CLOSED): CaseState.CLOSED,
            (CaseState.CLOSED, CaseEvent.REAPPEARED): CaseState.IN_PROGRESS,
            (CaseState.CLOSED, CaseEvent.REOPENED): CaseState.WAITING,
            (CaseState.NOT_ILLEGAL, CaseEvent.REOPENED): CaseState.WAITING,
            # opened again by a slip of the hand, before anybody built on it
            (
                CaseState.WAITING,
                CaseEvent.ASSESSED_STILL,
            ): CaseState.ASSESSED,
            (
                CaseState.WAITING,
                CaseEvent.NOT_ILLEGAL_STILL,
            ): CaseState.NOT_ILLEGAL,
            (CaseState.WAITING, CaseEvent.CLOSED_STILL): CaseState.CLOSED,
            # the reporter's own picture was seen somewhere: that is news of a case that was over
            **{
                (state, CaseEvent.PRINT_SEEN): state
                for state in CaseState
                if state
                not in (CaseState.HELD, CaseState.MERGED, *OVER_BUT_FOR_NEWS)
            },
            **{
                (state, CaseEvent.PRINT_SEEN): CaseState.WAITING
                for state in OVER_BUT_FOR_NEWS
            },
            # what was decided of a part is no decision on the whole
            **{
                (state, CaseEvent.TOOK_IN): CaseState.WAITING
                for state in MERGEABLE
            },
            **{
                (state, CaseEvent.SPLIT): CaseState.WAITING
                for state in MERGEABLE
            },
            **{
                (state, CaseEvent.MERGED): CaseState.MERGED
                for state in MERGEABLE
            },
        }
    ),
)

# What becomes of each of a case's locations, whoever else is told of the case.
PLACE_MACHINE = Machine(
    "case_item",
    PlaceState.NOTHING,
    MappingProxyType(
        {
            **{
                (state, PlaceEvent.NOTICE_MADE): PlaceState.AWAITING_RELEASE
                for state in (
                    PlaceState.NOTHING,
                    PlaceState.MOVED,
                    PlaceState.CAME_BACK,
                    PlaceState.VERIFIED_REMOVED,
                )
            },
            **{
                (state, PlaceEvent.NOTICED): PlaceState.NOTICED
                for state in (
                    PlaceState.AWAITING_RELEASE,
                    PlaceState.CAME_BACK,
                    PlaceState.MOVED,
                )
            },
            **{
                (state, PlaceEvent.CLAIMED): PlaceState.CLAIMED_REMOVED
                for state in (PlaceState.NOTICED, PlaceState.CAME_BACK)
            },
            (
                PlaceState.CLAIMED_REMOVED,
                PlaceEvent.STILL_UP,
            ): PlaceState.NOTICED,
            **{
                (state, PlaceEvent.WITHDRAWN): PlaceState.NOTHING
                for state in (
                    PlaceState.AWAITING_RELEASE,
                    PlaceState.NOTICED,
                    PlaceState.CLAIMED_REMOVED,
                )
            },
            **{
                (state, PlaceEvent.MOVED): PlaceState.MOVED
                for state in PlaceState
                if state
                not in (PlaceState.NOTHING, PlaceState.VERIFIED_REMOVED)
            },
            **{
                (state, PlaceEvent.REMOVED): PlaceState.VERIFIED_REMOVED
                for state in PlaceState
                if state is not PlaceState.VERIFIED_REMOVED
            },
            (
                PlaceState.VERIFIED_REMOVED,
                PlaceEvent.REAPPEARED,
            ): PlaceState.CAME_BACK,
        }
    ),
)

DECIDED = (
    CaseState.ASSESSED,
    CaseState.IN_PROGRESS,
    CaseState.REMOVED,
    CaseState.CLOSED,
)
"""States in which people have found the case illegal, whatever has come of it since."""

# States in which a person has something to do, in the order of the queue's tabs.
OPEN_STATES = (
    CaseState.WAITING,
    CaseState.SECOND_ASSESSMENT,
    CaseState.THIRD_ASSESSMENT,
    CaseState.ASSESSED,
)
