"""The pages on which a file becomes a list: announced, sent in pieces, followed, taken back."""

from __future__ import annotations

import uuid

from flask import (
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from hotline.accounts.approvals.models import Approval
from hotline.accounts.approvals.service import find_question
from hotline.accounts.pages.views import flash_refusals
from hotline.accounts.signing_in.auth import own_act, requires, signed_in
from hotline.accounts.signing_in.standing import watching
from hotline.core.context import utc_now
from hotline.core.errors import HotlineError, InvalidInput
from hotline.core.web import site
from hotline.core.web.wording import worded_error
from triage.cases.pages.case_views import answer_words
from triage.hashlists import formats
from triage.hashlists.kinds import ListClass
from triage.hashlists.uploads import service
from triage.hashlists.uploads.models import HashUpload, UploadState
from triage.hashlists.uploads.service import Announced


@requires("hashlist.upload")
def new_upload() -> ResponseReturnValue:
    return _render_new({})


@requires("hashlist.decide")
def begin_upload() -> ResponseReturnValue:
    """What is to come; the file itself is sent from the next page."""
    form = request.form
    announced = Announced(
        name=form.get("name", ""),
        why=form.get("why", ""),
        whole=form.get("whole") != "no",
        source=form.get("source", ""),
        licence=form.get("licence", ""),
        default_class=form.get("default_class", ListClass.BASELINE),
    )
    try:
        with flash_refusals(), site.writing() as session:
            upload = service.begin_upload(own_act(session), announced)
            return redirect(_address(upload), 303)
    except InvalidInput as error:
        return make_response(_render_new(error.fields), 422)
    return redirect(url_for("triage.new_upload"), 303)


@requires("hashlist.upload")
def upload(upload_id: uuid.UUID) -> ResponseReturnValue:
    """Where the file is chosen, and then how far it has come."""
    with site.reading() as session:
        row = service.get_upload(session, upload_id)
        return render_template(
            "triage/upload.html",
            piece=service.PIECE,
            most=_most_bytes(),
            is_mine=row.uploaded_by == signed_in().actor,
            readable=_readable(),
            **_content(session, row),
        )


@watching
@requires("hashlist.upload")
def upload_progress(upload_id: uuid.UUID) -> ResponseReturnValue:
    """The part of the page that changes, for the open page that asks for it."""
    with site.reading() as session:
        row = service.get_upload(session, upload_id)
        page = render_template(
            "triage/upload_progress.html", **_content(session, row)
        )
    answer = make_response(page)
    # From what changes; the page asks every few seconds.
    answer.set_etag(f"{row.state}-{row.received}-{row.state_since}")
    return answer


@requires("hashlist.upload")
def receive_piece(upload_id: uuid.UUID, number: int) -> ResponseReturnValue:
    """One piece, as the page's script sends it; says how many have come."""
    try:
        with site.writing() as session:
            # Locked, so that a piece that is sent twice at once is stored
            # once.
            row = service.lock_upload(session, upload_id)
            service.receive_piece(
                own_act(session), row, number, request.get_data()
            )
            return {"pieces": row.pieces, "received": row.received}
    # For a script: it needs the sentence and the status, and no page.
    except HotlineError as error:
        return {"fault": worded_error(error)}, error.status


@requires("hashlist.upload")
def finish_upload(upload_id: uuid.UUID) -> ResponseReturnValue:
    """All pieces have come. Without a script the file itself comes with this form, as one piece."""
    with flash_refusals(), site.writing() as session:
        act = own_act(session)
        row = service.lock_upload(session, upload_id)
        file = request.files.get("file")
        if file is not None and file.filename:
            body = file.stream.read(service.PIECE + 1)
            service.receive_whole(act, row, body)
            size, name = len(body), file.filename
        else:
            size = request.form.get("size", 0, type=int)
            name = request.form.get("file_name", "")
        service.finish_receiving(act, row, size=size, file_name=name)
    return redirect(url_for("triage.upload", upload_id=upload_id), 303)


@requires("hashlist.upload")
def drop_upload(upload_id: uuid.UUID) -> ResponseReturnValue:
    with flash_refusals(), site.writing() as session:
        row = service.lock_upload(session, upload_id)
        service.drop_upload(own_act(session), row)
        flash(gettext("Taken back; the list is as it was."), "good")
    return redirect(url_for("triage.hash_lists"), 303)


def _content(session: Session, row: HashUpload) -> dict[str, object]:
    return {
        "upload": row,
        "read_so_far": service.count_staged(session, row),
        "question": _question_of(session, row),
    }


def _question_of(session: Session, row: HashUpload) -> Approval | None:
    if row.state != UploadState.WAITING:
        return None
    return find_question(session, service.LIST_UPLOAD, str(row.id), utc_now())


def _render_new(errors: dict[str, str]) -> str:
    language = site.page_language()
    return render_template(
        "triage/upload_new.html",
        errors=errors,
        typed=request.form,
        classes=list(ListClass),
        answer_words=answer_words(language),
        most=_most_bytes(),
        readable=_readable(),
        second_person=site.current_context().settings.second_person,
    )


def _most_bytes() -> int:
    return site.current_context().settings.hashlist_upload_mb * 1_000_000


def _readable() -> str:
    return ", ".join(form.label for form in formats.list_formats().values())


def _address(row: HashUpload) -> str:
    return url_for("triage.upload", upload_id=row.id)
