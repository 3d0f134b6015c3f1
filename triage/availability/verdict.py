"""The verdict of one look, and of two looks from two places; the rules stand in ``rules``."""

from __future__ import annotations

from dataclasses import replace

from hotline.core.language.words import console_words
from triage.availability.model import (
    ABSENT,
    KEPT_OUT,
    PRESENT,
    Baseline,
    Check,
    Verdict,
    VerdictName,
)
from triage.availability.rules import RULES

#: Slug of evidence -> what it means to a reader. Every slug that a rule gives is here.
REASONS: dict[str, str] = {
    "same_media": console_words("The same material was found again."),
    "only_site_media": console_words(
        "Only pictures that the site shows on its other pages were found again."
    ),
    "signed_in": console_words(
        "It was asked for with cookies or a password, which may not be valid any more."
    ),
    "same_page": console_words("The page that was assessed is unchanged."),
    "seen_elsewhere": console_words(
        "It was seen from a second place at the same time."
    ),
    "other_host": console_words("It is now at another host."),
    "own_failure": console_words("The failure was on our side."),
    "control_failed": console_words(
        "A control probe of our own network failed at the same time."
    ),
    "no_control": console_words(
        "Nobody checked whether our own network worked."
    ),
    "dns_nxdomain": console_words("The host's name does not exist any more."),
    "dns_no_address": console_words("The host's name has no address."),
    "dns_failure": console_words("The name servers of the host failed."),
    "not_reached": console_words("The host did not answer."),
    "server_error": console_words("The host answered with a server error."),
    "tls_invalid": console_words(
        "The host's certificate is not valid, so we did not read on."
    ),
    "odd_answer": console_words("The host's answer could not be used."),
    "legal_reasons": console_words(
        "The host keeps it from our country for legal reasons (451)."
    ),
    "login_asked": console_words("The host asks to sign in first."),
    "login_redirect": console_words("The address leads to a sign-in page."),
    "forbidden": console_words("The host refuses to show it to us."),
    "too_many_requests": console_words("The host says that we ask too often."),
    "known_error_page": console_words("This is a known error page."),
    "status_404": console_words("The host says that it is not there (404)."),
    "status_410": console_words("The host says that it is gone (410)."),
    "like_missing_page": console_words(
        "The host shows the same for an address that cannot exist."
    ),
    "home_redirect": console_words("The address now leads to the front page."),
    "elsewhere_redirect": console_words(
        "The address now leads to another site without the material."
    ),
    "same_page_without_media": console_words(
        "The page is there, the material is not on it any more."
    ),
    "media_replaced": console_words("Another picture is in its place."),
    "media_similar": console_words("A changed version may be in its place."),
    "media_unseen": console_words(
        "Not every picture on the page could be looked at."
    ),
    "page_changed": console_words("The page is another one now."),
    "empty_answer": console_words("The host answered with nothing."),
    "too_little_text": console_words(
        "The page has too little text to be told from others of the same site."
    ),
    "nothing_to_compare": console_words("There is no record to compare with."),
}


def judge_check(check: Check, baseline: Baseline) -> Verdict:
    """The verdict of one look, with its evidence."""
    for rule in RULES:
        finding = rule(check, baseline)
        if finding is None:
            continue
        if check.signed_in and finding.verdict in ABSENT:
            # What only some are shown is hidden from us when our cookies run out.
            evidence = ("signed_in", *finding.evidence)
            return _give_verdict(check, VerdictName.UNKNOWN, evidence)
        return _give_verdict(check, finding.verdict, finding.evidence)
    # No rule knows it: a person looks, and nothing counts as removed by that.
    return _give_verdict(check, VerdictName.UNKNOWN, ("page_changed",))


def reconcile_verdicts(own: Verdict, second: Verdict) -> Verdict:
    """Two looks from two places at about the same time, as one.

    Seen there and not here: we are kept out. Here we are kept out or know nothing: what the second
    place says counts. Both verdicts stay in the history; this is for the one who reads a look.
    """
    # Seen is seen, whatever the other place says.
    if own.verdict in PRESENT:
        return own
    if second.verdict in PRESENT:
        return _call_kept_out(own)
    # A look that tells nothing weighs nothing.
    if second.verdict == VerdictName.UNKNOWN:
        return own
    if own.verdict == VerdictName.UNKNOWN:
        return second
    return second if own.verdict in KEPT_OUT else own


def _call_kept_out(own: Verdict) -> Verdict:
    """Our own look, corrected by the second place, which saw the material."""
    name = VerdictName.BLOCKED_HERE
    is_forbidden = "forbidden" in own.evidence
    if is_forbidden or own.verdict == VerdictName.GEO_BLOCKED:
        name = VerdictName.GEO_BLOCKED
    return replace(
        own,
        verdict=name,
        evidence=("seen_elsewhere", *own.evidence),
        reasons=(REASONS["seen_elsewhere"], *own.reasons),
    )


def _give_verdict(
    check: Check, name: VerdictName, evidence: tuple[str, ...]
) -> Verdict:
    return Verdict(
        verdict=name,
        evidence=evidence,
        reasons=tuple(REASONS[slug] for slug in evidence),
        at=check.at,
        vantage=check.vantage,
        healthy=check.control_ok is True,
    )
