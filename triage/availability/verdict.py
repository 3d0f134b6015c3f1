"""What one look proves. An ordered table of rules; the first that applies gives the verdict.

The order is the argument: the material itself outweighs everything, then whatever may be our own
fault, then every way of being kept out, and only what is left can be an absence. Two errors are
unforgivable and the rules lean away from both: "removed" for something that is still up, and
"online" because some page answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from triage.availability.model import (
    ABSENT,
    KEPT_OUT,
    PDQ_UNRELATED,
    PRESENT,
    Baseline,
    Check,
    MediaHash,
    Page,
    Verdict,
    VerdictName,
    page_distance,
)
from triage.availability.pages import ENOUGH_TEXT, SAME_TEXT

Found = tuple[VerdictName, tuple[str, ...]]
Rule = Callable[[Check, Baseline], Found | None]

#: Slug of evidence -> what it means to a reader. Every slug that a rule gives is here.
REASONS: dict[str, str] = {
    "same_media": "The same material was found again.",
    "only_site_media": "Only pictures that the site shows on its other pages were found again.",
    "signed_in": "It was asked for with cookies or a password, which may not be valid any more.",
    "same_page": "The page that was assessed is unchanged.",
    "seen_elsewhere": "It was seen from a second place at the same time.",
    "other_host": "It is now at another host.",
    "own_failure": "The failure was on our side.",
    "control_failed": "A control probe of our own network failed at the same time.",
    "no_control": "Nobody checked whether our own network worked.",
    "dns_nxdomain": "The host's name does not exist any more.",
    "dns_no_address": "The host's name has no address.",
    "dns_failure": "The name servers of the host failed.",
    "not_reached": "The host did not answer.",
    "server_error": "The host answered with a server error.",
    "tls_invalid": "The host's certificate is not valid, so we did not read on.",
    "odd_answer": "The host's answer could not be used.",
    "legal_reasons": "The host keeps it from our country for legal reasons (451).",
    "login_asked": "The host asks to sign in first.",
    "login_redirect": "The address leads to a sign-in page.",
    "forbidden": "The host refuses to show it to us.",
    "too_many_requests": "The host says that we ask too often.",
    "known_error_page": "This is a known error page.",
    "status_404": "The host says that it is not there (404).",
    "status_410": "The host says that it is gone (410).",
    "like_missing_page": "The host shows the same for an address that cannot exist.",
    "home_redirect": "The address now leads to the front page.",
    "elsewhere_redirect": "The address now leads to another site without the material.",
    "same_page_without_media": "The page is there, the material is not on it any more.",
    "media_replaced": "Another picture is in its place.",
    "media_similar": "A changed version may be in its place.",
    "media_unseen": "Not every picture on the page could be looked at.",
    "page_changed": "The page is another one now.",
    "empty_answer": "The host answered with nothing.",
    "too_little_text": "The page has too little text to be told from others of the same site.",
    "nothing_to_compare": "There is no record to compare with.",
}

#: What a fetch says when the fault cannot be the host's (or cannot be told from ours).
_OWN_FAILURES = frozenset(
    {
        *(
            "proxy_failure",
            "blocked_address",
            "bad_url",
            "bad_scheme",
            "out_of_memory",
        ),
        *("onion_needs_tor", "fetcher_crashed", "cancelled"),
    }
)
_NOT_REACHED = frozenset(
    {
        "refused",
        "unreachable",
        "timeout",
        "connection_lost",
        "empty_reply",
        "tls_failed",
    }
)
_DNS = frozenset({"dns_nxdomain", "dns_no_address", "dns_failure"})
_PROXY_STATUS = 407
_ABSENT = (404, 410)
#: Characters from which an unchanged page is taken for itself without a look at an impossible one.
_TELLING_TEXT = 200


def judge_check(check: Check, baseline: Baseline) -> Verdict:
    """The verdict of one look, with its evidence."""
    for rule in RULES:
        proof = rule(check, baseline)
        if proof is not None:
            name, evidence = proof
            if check.signed_in and name in ABSENT:
                # What only some are shown is hidden from us when our cookies run out.
                return _give_verdict(
                    check, VerdictName.UNKNOWN, ("signed_in", *evidence)
                )
            return _give_verdict(check, name, evidence)
    return _give_verdict(check, VerdictName.UNKNOWN, ("page_changed",))


def reconcile_verdicts(own: Verdict, second: Verdict) -> Verdict:
    """Two looks from two places at about the same time, as one.

    Seen there and not here: we are kept out. Here we are kept out or know nothing: what the second
    place says counts. Both verdicts stay in the history; this is for the one who reads a look.
    """
    if own.verdict in PRESENT:
        return own
    if second.verdict not in PRESENT:
        undecided = (
            own.verdict == VerdictName.UNKNOWN or own.verdict in KEPT_OUT
        )
        return (
            second
            if undecided and second.verdict != VerdictName.UNKNOWN
            else own
        )
    abroad = (
        own.verdict == VerdictName.GEO_BLOCKED or "forbidden" in own.evidence
    )
    return replace(
        own,
        verdict=VerdictName.GEO_BLOCKED
        if abroad
        else VerdictName.BLOCKED_HERE,
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


def _same_media(check: Check, baseline: Baseline) -> Found | None:
    """The same hash, whatever the status says and however we came there."""
    if not _any_same(check.media, baseline.media) or _only_furniture(
        check, baseline
    ):
        return None
    if check.redirected_away:
        return VerdictName.MOVED, ("same_media", "other_host")
    return VerdictName.ONLINE, ("same_media",)


def _our_failure(check: Check, _: Baseline) -> Found | None:
    if check.error in _OWN_FAILURES or check.status == _PROXY_STATUS:
        return VerdictName.UNKNOWN, ("own_failure",)
    if check.control_ok is False:
        return VerdictName.UNKNOWN, ("control_failed",)
    return None


def _no_answer(check: Check, _: Baseline) -> Found | None:
    """No HTTP answer. Without a control probe nobody can say whose fault that is."""
    if check.error == "tls_invalid":
        return VerdictName.UNKNOWN, ("tls_invalid",)
    if check.error in _DNS or check.error in _NOT_REACHED:
        slug = check.error if check.error in _DNS else "not_reached"
        if check.control_ok is None:
            return VerdictName.UNKNOWN, (slug, "no_control")
        return VerdictName.HOST_DOWN, (slug,)
    if check.status is None:
        return VerdictName.UNKNOWN, ("odd_answer",)
    return None


#: Statuses that alone settle it: being kept out says nothing about what is behind.
_STATUSES: dict[int, Found] = {
    401: (VerdictName.LOGIN_WALL, ("login_asked",)),
    402: (VerdictName.LOGIN_WALL, ("login_asked",)),
    403: (VerdictName.BLOCKED_HERE, ("forbidden",)),
    405: (VerdictName.BLOCKED_HERE, ("forbidden",)),
    406: (VerdictName.BLOCKED_HERE, ("forbidden",)),
    429: (VerdictName.BLOCKED_HERE, ("too_many_requests",)),
    451: (VerdictName.GEO_BLOCKED, ("legal_reasons",)),
    202: (VerdictName.UNKNOWN, ("empty_answer",)),
    204: (VerdictName.UNKNOWN, ("empty_answer",)),
    205: (VerdictName.UNKNOWN, ("empty_answer",)),
}


def _kept_out(check: Check, baseline: Baseline) -> Found | None:
    meaning = _known_page(check, baseline)
    if meaning in KEPT_OUT or meaning == VerdictName.HOST_DOWN:
        return meaning, ("known_error_page",)
    if check.status in _STATUSES:
        return _STATUSES[check.status]
    had_login = baseline.page is not None and baseline.page.login_form
    if check.page is not None and check.page.login_form and not had_login:
        is_redirected = check.final_url != check.requested
        slug = "login_redirect" if is_redirected else "login_asked"
        return VerdictName.LOGIN_WALL, (slug,)
    return None


def _status_says(check: Check, baseline: Baseline) -> Found | None:
    status = check.status or 0
    if status in _ABSENT and baseline.status not in _ABSENT:
        # A host that shows the page to browsers and says 404 to us has removed nothing.
        if check.direct_media:
            return VerdictName.UNKNOWN, ("odd_answer", f"status_{status}")
        if (
            check.page
            and baseline.page
            and _same_page(check.page, baseline.page)
        ):
            return VerdictName.UNKNOWN, ("same_page", f"status_{status}")
        return VerdictName.GONE, (f"status_{status}",)
    if status >= 500:
        return VerdictName.HOST_DOWN, ("server_error",)
    if not 200 <= status < 300 and status not in _ABSENT:
        return VerdictName.UNKNOWN, ("odd_answer",)
    return None


def _known_page(check: Check, baseline: Baseline) -> VerdictName | None:
    """What a known error page means, unless what was assessed had that very title ("Gone")."""
    if check.page is not None and baseline.page is not None:
        title = check.page.title
        if title is not None and title == baseline.page.title:
            return None
    return check.known_error_page


def _in_part(check: Check, baseline: Baseline) -> Found | None:
    """Some of what was assessed is shown, and the host's error page does not show it: pages of a
    gallery may all have the same few words, and its front page all of its pictures."""
    own = [
        medium
        for medium in check.media
        if not _is_among(medium, check.missing_media)
    ]
    return (
        (VerdictName.UNKNOWN, ("only_site_media",))
        if _any_same(own, baseline.media)
        else None
    )


def _soft_404(check: Check, baseline: Baseline) -> Found | None:
    """An answer that says "here you are" about nothing."""
    if _known_page(check, baseline) == VerdictName.SOFT_404:
        if not check.media_complete:
            return VerdictName.UNKNOWN, ("known_error_page", "media_unseen")
        return VerdictName.SOFT_404, ("known_error_page",)
    if _like_missing(check):
        return _judge_missing_page(check)
    if check.redirected_away:
        return VerdictName.UNKNOWN, ("elsewhere_redirect",)
    if (
        check.redirected_home
        and check.page is not None
        and check.page.length >= ENOUGH_TEXT
    ):
        # A parked name leads every address to its front page: other addresses must not.
        apart = check.missing_status is not None
        return VerdictName.SOFT_404 if apart else VerdictName.UNKNOWN, (
            "home_redirect",
        )
    return None


def _judge_missing_page(check: Check) -> Found:
    """A wall in front of a whole site answers every address alike, and so does a page that a
    browser's script fills. Only where the front page is another one is this the error page."""
    if (
        check.home is None
        or check.missing is None
        or _same_page(check.home, check.missing)
    ):
        return VerdictName.UNKNOWN, ("like_missing_page",)
    return VerdictName.SOFT_404, ("like_missing_page",)


def _media_absent(check: Check, baseline: Baseline) -> Found | None:
    """Material with hashes was looked for and is not among what was found."""
    if not baseline.media:
        return None
    if not check.media_complete:
        return VerdictName.UNKNOWN, ("media_unseen",)
    if _any_same(check.media, baseline.media):
        return VerdictName.UNKNOWN, ("only_site_media",)
    if _any_similar(check.media, baseline.media):
        return VerdictName.UNKNOWN, ("media_similar",)
    return _without_media(check, baseline)


def _without_media(check: Check, baseline: Baseline) -> Found:
    if check.direct_media:
        # Any host may show a stranger a stand-in (no referrer, another country): for a person.
        return VerdictName.UNKNOWN, (
            "media_replaced" if check.media else "odd_answer",
        )
    if check.page is None or (check.page.length == 0 and not check.media):
        return VerdictName.UNKNOWN, ("empty_answer",)
    if baseline.page is not None and _same_page(check.page, baseline.page):
        return VerdictName.REMOVED, ("same_page_without_media",)
    return VerdictName.UNKNOWN, ("page_changed",)


def _page_only(check: Check, baseline: Baseline) -> Found | None:
    """Nothing to hash was assessed (text, a link list, a chat): the page itself is looked for."""
    if baseline.media:
        return None
    if baseline.page is None or check.page is None:
        return VerdictName.UNKNOWN, ("nothing_to_compare",)
    if not _same_page(check.page, baseline.page):
        return VerdictName.UNKNOWN, ("page_changed",)
    if check.page.length < _TELLING_TEXT and check.missing_status is None:
        # The frame that a script fills later is the same for every address of such a site.
        return VerdictName.UNKNOWN, ("same_page", "too_little_text")
    if check.redirected_away:
        return VerdictName.MOVED, ("same_page", "other_host")
    return VerdictName.ONLINE, ("same_page",)


RULES: tuple[Rule, ...] = (
    _same_media,
    _our_failure,
    _no_answer,
    _kept_out,
    _status_says,
    _in_part,
    _soft_404,
    _media_absent,
    _page_only,
)


def _is_among(medium: MediaHash, media: Iterable[MediaHash]) -> bool:
    return any(medium.is_same_as(other) for other in media)


def _any_same(
    found: Iterable[MediaHash], wanted: tuple[MediaHash, ...]
) -> bool:
    return any(_is_among(medium, wanted) for medium in found)


def _only_furniture(check: Check, baseline: Baseline) -> bool:
    """Part of what was there is there, and all of it is on the site's other pages too: its logo
    does not say that the material is still up."""
    still_there = [
        medium for medium in check.media if _is_among(medium, baseline.media)
    ]
    furniture = (*check.home_media, *check.missing_media)
    if not all(_is_among(medium, furniture) for medium in still_there):
        return False
    return not all(
        _any_same(still_there, (wanted,)) for wanted in baseline.media
    )


def _any_similar(
    found: Iterable[MediaHash], wanted: tuple[MediaHash, ...]
) -> bool:
    """Near, but not near enough to be called the same: a crop, a banner over it, another frame."""
    for medium in found:
        for other in wanted:
            distance = medium.distance_to(other)
            if distance is not None and distance < PDQ_UNRELATED:
                return True
    return False


def _same_page(page: Page, other: Page) -> bool:
    """Enough text on both, almost the same words, and not half of it missing."""
    short, long = sorted((page.length, other.length))
    if short < ENOUGH_TEXT or short * 2 < long:
        return False
    return (
        page.title == other.title and page_distance(page, other) <= SAME_TEXT
    )


def _like_missing(check: Check) -> bool:
    """Does the host answer an impossible address with the very same?"""
    if check.direct_media:
        stand_ins = {
            media.sha256 for media in check.missing_media if media.sha256
        }
        return any(media.sha256 in stand_ins for media in check.media)
    if check.page is None or check.missing is None:
        return False
    return _same_page(check.page, check.missing)
