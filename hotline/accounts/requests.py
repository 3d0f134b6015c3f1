"""Acts on people's accounts: one administrator asks, another approves, and then it is done.

No administrator ever sees a password: who is added, or lost theirs, gets a link by mail. Whoever
could alone have such links sent to an address of their own could act as somebody else, and no rule
of two people would be worth anything. The first administrators are added at the machine, by
``hotline user add``.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.accounts import service
from hotline.accounts.invitations import is_address, make_invitation
from hotline.accounts.models import (
    PERSON,
    PersonAct,
    PersonRequest,
    RequestEvent,
    RequestState,
)
from hotline.accounts.oidc.links import (
    link_person,
    read_subject,
    refuse_taken,
    unlink_person,
)
from hotline.accounts.permissions import Role
from hotline.accounts.staff.staff_names import drop_name
from hotline.core.act import Act
from hotline.core.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    phrase,
)
from hotline.core.second_person import require_two
from hotline.core.storage.ids import new_id

LONGEST_REASON = 500
WAITS = timedelta(days=7)
"""How long a request waits: over a weekend, and not until nobody remembers why it was right."""
BY_MAIL = frozenset({PersonAct.ADD, PersonAct.RENEW_PASSWORD})
"""What sends somebody the link by which they choose a password."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What an administrator asks for; ``display_name`` is of a new person."""

    kind: PersonAct
    username: str
    why: str = ""
    display_name: str = ""
    role: str = ""
    email: str = ""
    subject: str = ""


def ask_for(act: Act, wish: Wish) -> PersonRequest:
    """Ask for an act; where one person is enough for it, it is done with that."""
    # Refused now, and not when another person has looked at it.
    _require_possible(act, wish)
    request = PersonRequest(
        id=new_id(),
        kind=wish.kind.value,
        username=wish.username,
        display_name=wish.display_name,
        role=wish.role,
        email=wish.email,
        subject=wish.subject,
        why=wish.why,
        asked_at=act.now,
        asked_by=act.actor,
        two_person=act.context.settings.second_person,
    )
    act.begin(
        request, kind=request.kind, username=request.username, why=request.why
    )
    if not request.two_person:
        approve_request(act, request)
    return request


def _require_possible(act: Act, wish: Wish) -> None:
    session = act.session
    service.lock_administrators(session)
    if wish.kind is PersonAct.ADD:
        faults = service.find_faults(
            session, wish.username, wish.display_name, wish.role
        )
        if not is_address(wish.email):
            faults["/email"] = "is no mail address"
        if faults:
            raise InvalidInput(
                phrase("The person was not added."), fields=faults
            )
    else:
        _require_fitting(act, wish)
    if wish.kind in BY_MAIL:
        _require_mail(act, wish)
    _refuse_second_request(act, wish)


def _refuse_second_request(act: Act, wish: Wish) -> None:
    """One question at a time; one whose time is over makes room."""
    waiting = select(PersonRequest).where(
        PersonRequest.username == wish.username,
        PersonRequest.kind == wish.kind.value,
        PersonRequest.state == RequestState.ASKED,
    )
    for request in act.session.scalars(waiting):
        if not is_over(request, act.now):
            raise Conflict(
                phrase("This waits for another administrator already.")
            )
        act.advance(
            request,
            RequestEvent.LAPSED,
            kind=request.kind,
            username=request.username,
        )


def is_over(request: PersonRequest, now: datetime) -> bool:
    """Whether its time to be answered is over."""
    return request.asked_at + WAITS <= now


def _require_mail(act: Act, wish: Wish) -> None:
    """A link that could not be sent would leave somebody without any password."""
    if not act.context.settings.smtp_host:
        raise Conflict(
            phrase("No mail server is set up, so no link can be sent."),
            hint=phrase("At the machine: hotline user invite NAME."),
        )
    if not is_address(wish.email):
        raise InvalidInput(
            phrase("Give the mail address that the link goes to."),
            fields={"/email": phrase("is no mail address")},
        )


def _require_fitting(act: Act, wish: Wish) -> None:
    """Whether the act fits the person as they are: nobody who is disabled gets a password."""
    person = service.find_person(act.session, wish.username)
    if not wish.why:
        raise InvalidInput(
            phrase("Say why."), fields={"/why": phrase("Say why.")}
        )
    if (person.disabled_at is not None) != (wish.kind is PersonAct.ENABLE):
        raise Conflict(
            phrase("This person is disabled.")
            if person.disabled_at
            else phrase("This person is not disabled.")
        )
    if wish.kind is PersonAct.CHANGE_ROLE and (
        wish.role not in list(Role) or wish.role == person.role
    ):
        raise InvalidInput(phrase("Choose another role."))
    if wish.kind is PersonAct.LINK:
        refuse_taken(act, person, read_subject(wish.subject))
    loses_rights = wish.kind is PersonAct.DISABLE or (
        wish.kind is PersonAct.CHANGE_ROLE and wish.role != Role.ADMINISTRATOR
    )
    if loses_rights:
        service.require_another_administrator(act.session, person)


def approve_request(act: Act, request: PersonRequest) -> None:
    """Do what another administrator asked for, who must still be one."""
    service.lock_administrators(act.session)
    require_two(request.asked_by, act.actor, is_needed=request.two_person)
    if is_over(request, act.now):
        raise Conflict(
            phrase("The time to answer this is over."),
            hint=phrase("It can be asked for again."),
        )
    # Two accomplices would be one person less.
    is_about_oneself = act.actor == f"{PERSON}{request.username}"
    if request.two_person and is_about_oneself:
        raise Forbidden(phrase("Nobody approves what is about themselves."))
    if request.two_person:
        _require_right_of_asker(act.session, request)
    act.advance(
        request,
        RequestEvent.APPROVED,
        kind=request.kind,
        username=request.username,
    )
    request.approved_by = act.actor
    _VERBS[PersonAct(request.kind)](act, request)


def _require_right_of_asker(session: Session, request: PersonRequest) -> None:
    """Of two people who agree, both must be people who may: also whoever asked, days ago."""
    if not service.has_right(session, request.asked_by, "person.manage"):
        raise Conflict(
            phrase("Whoever asked for this is no administrator any more."),
            hint=phrase("Refuse it, and ask for it yourself if it is right."),
        )


def refuse_request(act: Act, request: PersonRequest) -> None:
    """Another administrator says no, or the one who asked takes it back."""
    is_own = request.asked_by == act.actor
    act.advance(
        request,
        RequestEvent.WITHDRAWN if is_own else RequestEvent.REFUSED,
        kind=request.kind,
        username=request.username,
    )


def get_request(session: Session, request_id: uuid.UUID) -> PersonRequest:
    request = session.get(PersonRequest, request_id)
    if request is None:
        raise NotFound(phrase("There is no such request."))
    return request


def role_before(session: Session, request: PersonRequest) -> str:
    """The role that an open request would change; "" where it changes none."""
    is_open = request.state == RequestState.ASKED
    if request.kind != PersonAct.CHANGE_ROLE or not is_open:
        return ""
    return service.find_person(session, request.username).role


def list_open_requests(session: Session, now: datetime) -> list[PersonRequest]:
    """What waits for another administrator, oldest first."""
    query = select(PersonRequest).where(
        PersonRequest.state == RequestState.ASKED,
        PersonRequest.asked_at > now - WAITS,
    )
    return list(session.scalars(query.order_by(PersonRequest.asked_at)))


def _add(act: Act, request: PersonRequest) -> None:
    person = service.add_person(
        act,
        username=request.username,
        display_name=request.display_name,
        role=request.role,
        password=None,
        email=request.email,
    )
    # The invitation refers to the person's row.
    act.session.flush()
    make_invitation(act, person, request.email)


def _disable(act: Act, request: PersonRequest) -> None:
    service.disable_person(act, request.username)


def _enable(act: Act, request: PersonRequest) -> None:
    service.enable_person(act, request.username)


def _change_role(act: Act, request: PersonRequest) -> None:
    service.change_role(act, request.username, request.role)


def _renew_password(act: Act, request: PersonRequest) -> None:
    service.forget_password(act, request.username, request.email)


def _reset_factors(act: Act, request: PersonRequest) -> None:
    service.reset_factors(act, request.username)


def _drop_name(act: Act, request: PersonRequest) -> None:
    drop_name(act, service.find_person(act.session, request.username))


def _link(act: Act, request: PersonRequest) -> None:
    person = service.find_person(act.session, request.username)
    link_person(act, person, request.subject)


def _unlink(act: Act, request: PersonRequest) -> None:
    unlink_person(act, service.find_person(act.session, request.username))


_VERBS: Mapping[PersonAct, Callable[[Act, PersonRequest], None]] = (
    MappingProxyType(
        {
            PersonAct.ADD: _add,
            PersonAct.DISABLE: _disable,
            PersonAct.ENABLE: _enable,
            PersonAct.CHANGE_ROLE: _change_role,
            PersonAct.RENEW_PASSWORD: _renew_password,
            PersonAct.RESET_FACTORS: _reset_factors,
            PersonAct.DROP_NAME: _drop_name,
            PersonAct.LINK: _link,
            PersonAct.UNLINK: _unlink,
        }
    )
)
