"""The directory's page: whom we can tell, by which address, and whether a person confirmed it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from flask import flash, make_response, redirect, request, url_for
from flask import render_template as render
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hotline.accounts.signing_in.auth import own_act, own_path, requires
from hotline.core.act import Act
from hotline.core.datafiles.vocabulary import country_codes
from hotline.core.errors import HotlineError, InvalidInput
from hotline.core.second_person import is_own_request
from hotline.core.web import site
from partners import words
from partners.channels.base import channel_names
from partners.directory import lookup, service
from partners.directory.kinds import PartnerKind
from partners.directory.models import Partner
from partners.directory.office_details import set_details
from partners.pages import (
    faults_flashed,
    faults_of,
    list_names_spoken_with,
)
from partners.plans.confirming import (
    Confirmed,
    confirm_and_send,
    digest_of_question,
    list_waiting_letters,
)
from partners.plans.links import change_contact

SHOWN = 30
"""Rows of a page: each has its forms, and a page should be light."""
MOST_LETTERS = 200
MOST_PAGES = 1_000
FILTERS = ("kind", "country", "words")
NEW = ("kind", "country", "name", "languages")


@requires("partner.see")
def show_directory() -> ResponseReturnValue:
    return _render_directory()


@requires("partner.edit")
def add_partner() -> ResponseReturnValue:
    given = {name: request.form.get(name, "") for name in NEW}
    try:
        with site.writing() as session:
            partner = service.add_partner(
                own_act(session),
                kind=given["kind"],
                country=given["country"],
                name=given["name"],
                languages=given["languages"].replace(",", " ").split(),
            )
            name = partner.name
    # On the page itself and not after a redirect: what was typed would be
    # lost.
    except InvalidInput as error:
        return make_response(_render_directory(error, given), error.status)
    flash(
        gettext(
            "%(name)s is in the directory. Enter an address next.", name=name
        ),
        "good",
    )
    return redirect(url_for("partners.show_directory", words=name), 303)


@requires("partner.edit")
def set_contact(partner_id: uuid.UUID) -> ResponseReturnValue:
    """A changed address is not used before somebody has confirmed it."""
    form = request.form
    with faults_flashed(), site.writing() as session:
        partner = lookup.get_partner(session, partner_id)
        is_changed = change_contact(
            own_act(session),
            partner,
            channel=form.get("channel", ""),
            address=form.get("address", ""),
        )
        flash(_describe_contact(partner, is_changed=is_changed), "good")
    return _go_back()


def _describe_contact(partner: Partner, *, is_changed: bool) -> str:
    if not is_changed:
        return str(gettext("This is the contact that was there already."))
    if not partner.address:
        return str(gettext("The contact is removed. Nothing is sent there."))
    if site.current_context().settings.second_person:
        return str(
            gettext(
                "The contact is stored. Nothing is sent there before another person has"
                " confirmed it."
            )
        )
    return str(
        gettext("The contact is stored. It is used once it is confirmed.")
    )


@requires("partner.edit")
def ask_to_confirm(partner_id: uuid.UUID) -> ResponseReturnValue:
    """What confirming an address does: whose it is, who entered it, which letters leave."""
    with site.reading() as session:
        partner = lookup.get_partner(session, partner_id)
        letters = list_waiting_letters(session, partner)
        return render(
            "partners/confirm_address.html",
            partner=partner,
            letters=letters[:MOST_LETTERS],
            count=len(letters),
            seen=digest_of_question(partner, letters),
            is_own=_entered_it(own_act(session), partner),
            back=own_path(request.args.get("back", ""))
            or url_for("partners.show_directory", words=partner.name),
            words=words,
        )


@requires("partner.edit")
def set_office_details(partner_id: uuid.UUID) -> ResponseReturnValue:
    """Whom one telephones, and who is above the office."""
    form = request.form
    with faults_flashed(), site.writing() as session:
        partner = lookup.get_partner(session, partner_id)
        was_confirmed = partner.approved_at is not None
        set_details(
            own_act(session),
            partner,
            telephone=form.get("telephone", ""),
            head_address=form.get("head_address", ""),
        )
        flash(gettext("The office is stored."), "good")
        # Whoever changed a telephone number does not expect that letters stop.
        if was_confirmed and partner.approved_at is None:
            flash(gettext("Its addresses have to be confirmed again."), "warn")
    return _go_back()


def _entered_it(act: Act, partner: Partner) -> bool:
    authors = (partner.entered_by, partner.head_entered_by)
    return any(is_own_request(act, author) for author in authors)


@requires("partner.edit")
def confirm_address(partner_id: uuid.UUID) -> ResponseReturnValue:
    """What waited for this address leaves at once, as the page before has said."""
    with faults_flashed(), site.writing() as session:
        done = confirm_and_send(
            own_act(session),
            lookup.get_partner(session, partner_id),
            seen=request.form.get("seen", ""),
        )
        flash(_describe_confirmed(done), "good")
    return _go_back()


def _describe_confirmed(done: Confirmed) -> str:
    sentences = [gettext("The address is confirmed.")]
    if done.leaving:
        sentences.append(
            gettext("Letters that leave now: %(count)s.", count=done.leaving)
        )
    if done.held:
        sentences.append(
            gettext("Letters still held: %(count)s.", count=done.held)
        )
    if not done.leaving and not done.held:
        sentences.append(gettext("No letter waited for it."))
    return " ".join(sentences)


@requires("partner.edit")
def set_enabled(partner_id: uuid.UUID) -> ResponseReturnValue:
    enabled = request.form.get("enabled") == "yes"
    with faults_flashed(), site.writing() as session:
        service.set_enabled(
            own_act(session),
            lookup.get_partner(session, partner_id),
            enabled=enabled,
        )
    return _go_back()


def _render_directory(
    error: HotlineError | None = None, given: Mapping[str, str] | None = None
) -> str:
    filters = {name: request.args.get(name, "").strip() for name in FILTERS}
    is_waiting = request.args.get("waiting") == "yes"
    page = _asked_page()
    with site.reading() as session:
        partners = lookup.find_partners(
            session,
            kind=filters["kind"],
            country=filters["country"].upper(),
            words=filters["words"],
            also_named=list_names_spoken_with(session, filters["words"]),
            is_waiting=is_waiting,
            # One more than is shown tells whether there are more, without
            # counting them.
            limit=SHOWN + 1,
            skipped=(page - 1) * SHOWN,
        )
        return render(
            "partners/directory.html",
            partners=partners[:SHOWN],
            page=page,
            is_last=len(partners) <= SHOWN,
            kept={**filters, **({"waiting": "yes"} if is_waiting else {})},
            waiting=lookup.count_waiting(session),
            filters=filters,
            kinds=list(PartnerKind),
            channels=channel_names(),
            countries=sorted(country_codes()),
            second_person=site.current_context().settings.second_person,
            faults=faults_of(error),
            given=given or dict.fromkeys(NEW, ""),
            words=words,
        )


def _asked_page() -> int:
    """The first one, where the address names none that there could be."""
    page = request.args.get("page", "")
    if not (page.isascii() and page.isdigit() and len(page) <= 4):
        return 1
    return min(max(1, int(page)), MOST_PAGES)


def _go_back() -> ResponseReturnValue:
    """To the page that the form stood on."""
    return redirect(
        own_path(request.form.get("back", ""))
        or url_for("partners.show_directory"),
        303,
    )
