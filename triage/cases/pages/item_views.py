"""What an analyst sets about an item on its case page: how it is fetched, what lies behind it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields

from flask import flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from hotline.accounts.signing_in.auth import own_act, requires
from hotline.core.errors import InvalidInput, NotFound, phrase
from hotline.core.web import site
from triage.cases.listing.queue import by_reference
from triage.cases.pages import case_views
from triage.items import access, origin
from triage.items.models import Item


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed into one of the forms, kept as typed when it comes back with its faults."""

    cookies: str = ""
    referrer: str = ""
    user_agent: str = ""
    fetch_route: str = ""
    address: str = ""
    source: str = ""

    @classmethod
    def of_request(cls) -> Typed:
        return cls(
            **{
                each.name: request.form.get(each.name, "")
                for each in fields(cls)
            }
        )


@requires("case.assess")
def set_access(reference: str, item_id: uuid.UUID) -> ResponseReturnValue:
    """Store how the item is fetched, and fetch it so at once where that was asked for."""
    typed = Typed.of_request()
    wanted = access.Access(
        typed.cookies, "", typed.referrer, typed.user_agent, typed.fetch_route
    )
    try:
        with site.writing() as session:
            item = _item_of(session, reference, item_id)
            act = own_act(session)
            # Before the fetch is posted, in one transaction: the job finds it.
            access.set_access(act, item, wanted)
            if request.form.get("then") == "fetch":
                access.fetch_again(act, item)
    except InvalidInput as error:
        return _page_with_faults(reference, item_id, typed, error.fields)
    if request.form.get("then") == "fetch":
        flash(gettext("Stored. The item will be fetched again."), "good")
    else:
        flash(gettext("Stored. From now on the item is fetched so."), "good")
    return _back_to_case(reference)


@requires("case.assess")
def clear_access(reference: str, item_id: uuid.UUID) -> ResponseReturnValue:
    with site.writing() as session:
        item = _item_of(session, reference, item_id)
        act = own_act(session)
        access.clear_access(act, item.id)
    flash(gettext("Forgotten. The item is fetched like all others."), "good")
    return _back_to_case(reference)


@requires("case.assess")
def tell_origin(reference: str, item_id: uuid.UUID) -> ResponseReturnValue:
    typed = Typed.of_request()
    try:
        with site.writing() as session:
            item = _item_of(session, reference, item_id)
            act = own_act(session)
            origin.tell_origin(act, item, typed.address, typed.source)
    except InvalidInput as error:
        return _page_with_faults(reference, item_id, typed, error.fields)
    flash(gettext("Stored. The host will be looked up."), "good")
    return _back_to_case(reference)


def _item_of(session: Session, reference: str, item_id: uuid.UUID) -> Item:
    """An item of this very case; ``NotFound`` for any other."""
    place = by_reference(session, reference).place_of(item_id)
    if place is None:
        raise NotFound(phrase("There is no such item in this case."))
    return place.item


def _page_with_faults(
    reference: str,
    item_id: uuid.UUID,
    typed: Typed,
    faults: Mapping[str, str],
) -> ResponseReturnValue:
    page = case_views.case_page(
        reference, typed=typed, typed_for=item_id, faults=faults
    )
    return make_response(page, 422)


def _back_to_case(reference: str) -> ResponseReturnValue:
    return redirect(
        url_for("triage.case", reference=reference, _anchor="where"), 303
    )
