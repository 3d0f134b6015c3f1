"""The page of the one box, and the part of it that the palette shows.

What is looked for comes by POST: a receipt or a number stands in no address. Every search is in
the log, with what it found; what was typed is there as a value that only the same words give
again, because the log is never erased.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline.accounts.signing_in.auth import requires, signed_in
from hotline.core.act import Act
from hotline.core.context import utc_now
from hotline.core.web import site
from triage.console.queue.live import wants_part
from triage.console.search.asked import LONGEST, Asked
from triage.console.search.finding import (
    Found,
    find_anything,
    only_hit,
)


@requires("search.use")
def search() -> ResponseReturnValue:
    """The box alone."""
    return render_template("triage/search.html", typed="", found=None)


@requires("search.use")
def find() -> ResponseReturnValue:
    """What was found; a case that was asked for by its own name is opened at once."""
    typed = request.form.get("q", "").strip()[:LONGEST]
    with site.looking() as session:
        asked = Asked(
            typed, session, site.current_context(), signed_in(), utc_now()
        )
        findings = find_anything(asked)
        if typed:
            # A transaction of its own: the search itself only reads, and may
            # do so from a copy.
            with site.writing() as noting:
                _record_search(noting, asked, findings)
        only = only_hit(findings)
        # The palette shows the hits alone.
        if wants_part():
            return render_template(
                "triage/search_hits.html", typed=typed, found=findings
            )
        # Where others found something, too, the person is to see it.
        if only is not None and len(findings) == 1:
            return redirect(only.url, 303)
        return render_template(
            "triage/search.html", typed=typed, found=findings
        )


def _record_search(
    session: Session, asked: Asked, found: Sequence[Found]
) -> None:
    act = Act(session, asked.context, asked.person.actor, asked.now)
    # Whoever knows the words can find out whether they were searched for;
    # nobody can read them back.
    message = b"search:" + " ".join(asked.text.split()).casefold().encode()
    mac = asked.context.keyring.mac("identifiers", message)
    act.record(
        "search.made",
        "search",
        mac.hex(),
        found={finding.finder.name: len(finding.hits) for finding in found},
        cases=sorted(
            {
                hit.about
                for finding in found
                for hit in finding.hits
                if hit.about
            }
        ),
    )
    # Lists are sensitive: that one was asked is an entry like a look at the
    # page.
    if any(finding.finder.name == "hash_list" for finding in found):
        act.record("hashlist.seen", "hash_list", "one hash")
