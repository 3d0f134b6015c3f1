"""Acts on people's accounts: one administrator asks, another approves, and then it is done.

Whoever could renew two people's passwords alone could act as both of them, and no rule of two
people would be worth anything. The first administrators are added at the machine, by
``hotline user add``.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.accounts import service
from hotline.accounts.models import (
    PersonAct,
    PersonRequest,
    RequestEvent,
    RequestState,
)
from hotline.accounts.passwords import generate_password
from hotline.accounts.permissions import Role
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


@dataclass(frozen=True, slots=True)
class Wish:
    """What an administrator asks for; ``display_name`` is of a new person."""

    kind: PersonAct
    username: str
    why: str = ""
    display_name: str = ""
    role: str = ""


def ask_for(act: Act, wish: Wish) -> tuple[PersonRequest, str]:
    """Ask for an act, with the new password where one person is enough for it; else "".

    What could not be done is refused now and not when another person has looked at it.
    """
    _require_possible(act.session, wish)
    request = PersonRequest(
        id=new_id(),
        kind=wish.kind.value,
        username=wish.username,
        display_name=wish.display_name,
        role=wish.role,
        why=wish.why,
        asked_at=act.now,
        asked_by=act.actor,
        two_person=act.context.settings.second_person,
    )
    act.begin(
        request, kind=request.kind, username=request.username, why=request.why
    )
    if request.two_person:
        return request, ""
    return request, approve_request(act, request)


def _require_possible(session: Session, wish: Wish) -> None:
    if wish.kind is PersonAct.ADD:
        faults = service.find_faults(
            session, wish.username, wish.display_name, wish.role
        )
        if faults:
            raise InvalidInput("The person was not added.", fields=faults)
    else:
        _require_fitting(session, wish)
    waiting = select(PersonRequest.id).where(
        PersonRequest.username == wish.username,
        PersonRequest.kind == wish.kind.value,
        PersonRequest.state == RequestState.ASKED,
    )
    if session.scalar(waiting.limit(1)) is not None:
        raise Conflict(phrase("This waits for another administrator already."))


def _require_fitting(session: Session, wish: Wish) -> None:
    """Whether the act fits the person as they are: nobody who is disabled gets a password."""
    person = service.find_person(session, wish.username)
    if not wish.why:
        raise InvalidInput(phrase("Say why."), fields={"/why": "Say why."})
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
    loses_rights = wish.kind is PersonAct.DISABLE or (
        wish.kind is PersonAct.CHANGE_ROLE and wish.role != Role.ADMINISTRATOR
    )
    if loses_rights:
        service.require_another_administrator(session, person)


def approve_request(act: Act, request: PersonRequest) -> str:
    """Do what another administrator asked for; the new password where there is one, else "".

    Nobody approves what is about themselves: two accomplices would be one person less.
    """
    require_two(request.asked_by, act.actor, is_needed=request.two_person)
    is_about_oneself = act.actor == f"person:{request.username}"
    if request.two_person and is_about_oneself:
        raise Forbidden("Nobody approves what is about themselves.")
    act.advance(
        request,
        RequestEvent.APPROVED,
        kind=request.kind,
        username=request.username,
    )
    request.approved_by = act.actor
    return _VERBS[PersonAct(request.kind)](act, request)


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
        raise NotFound("There is no such request.")
    return request


def list_open_requests(session: Session) -> list[PersonRequest]:
    """What waits for another administrator, oldest first."""
    query = select(PersonRequest).where(
        PersonRequest.state == RequestState.ASKED
    )
    return list(session.scalars(query.order_by(PersonRequest.asked_at)))


def _add(act: Act, request: PersonRequest) -> str:
    password = generate_password(request.username)
    service.add_person(
        act,
        username=request.username,
        display_name=request.display_name,
        role=request.role,
        password=password,
    )
    return password


def _disable(act: Act, request: PersonRequest) -> str:
    service.disable_person(act, request.username)
    return ""


def _enable(act: Act, request: PersonRequest) -> str:
    service.enable_person(act, request.username)
    return ""


def _change_role(act: Act, request: PersonRequest) -> str:
    service.change_role(act, request.username, request.role)
    return ""


def _renew_password(act: Act, request: PersonRequest) -> str:
    return service.renew_password(act, request.username)


_VERBS: Mapping[PersonAct, Callable[[Act, PersonRequest], str]] = (
    MappingProxyType(
        {
            PersonAct.ADD: _add,
            PersonAct.DISABLE: _disable,
            PersonAct.ENABLE: _enable,
            PersonAct.CHANGE_ROLE: _change_role,
            PersonAct.RENEW_PASSWORD: _renew_password,
        }
    )
)
