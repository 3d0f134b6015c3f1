"""What one look proves. An ordered table of rules; the first that applies gives the verdict.

The order is the argument: the material itself outweighs everything, then whatever may be our own
fault, then every way of being kept out, and only what is left can be an absence. Two errors are
unforgivable and the rules lean away from both: "removed" for something that is still up, and
"online" because some page answered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from triage.availability.likeness import (
    any_same,
    any_similar,
    is_among,
    is_like_missing,
    is_only_furniture,
    is_same_page,
)
from triage.availability.model import (
    KEPT_OUT,
    Baseline,
    Check,
    Page,
    VerdictName,
)
from triage.availability.pages import ENOUGH_TEXT


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict and the slugs of its evidence, the most telling first."""

    verdict: VerdictName
    evidence: tuple[str, ...]


Rule = Callable[[Check, Baseline], Finding | None]

#: What a fetch says when the fault cannot be the host's (or cannot be told from ours).
_OWN_FAILURES = frozenset(
    {
        "proxy_failure",
        "blocked_address",
        "bad_url",
        "bad_scheme",
        "out_of_memory",
        "onion_needs_tor",
        "fetcher_crashed",
        "cancelled",
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


def _cannot_tell(*evidence: str) -> Finding:
    return Finding(VerdictName.UNKNOWN, evidence)


def _same_media(check: Check, baseline: Baseline) -> Finding | None:
    """The same hash, whatever the status says and however we came there."""
    if not any_same(check.media, baseline.media):
        return None
    if is_only_furniture(check, baseline):
        return None
    if check.redirected_away:
        return Finding(VerdictName.MOVED, ("same_media", "other_host"))
    return Finding(VerdictName.ONLINE, ("same_media",))


def _our_failure(check: Check, _: Baseline) -> Finding | None:
    if check.error in _OWN_FAILURES:
        return _cannot_tell("own_failure")
    if check.status == _PROXY_STATUS:
        return _cannot_tell("own_failure")
    if check.control_ok is False:
        return _cannot_tell("control_failed")
    return None


def _no_answer(check: Check, _: Baseline) -> Finding | None:
    """No HTTP answer. Without a control probe nobody can say whose fault that is."""
    # The look was broken off by us: a browser's user may click the warning away and see it.
    if check.error == "tls_invalid":
        return _cannot_tell("tls_invalid")
    if check.error in _DNS:
        return _blame_host(check, check.error)
    if check.error in _NOT_REACHED:
        return _blame_host(check, "not_reached")
    if check.status is None:
        return _cannot_tell("odd_answer")
    return None


def _blame_host(check: Check, slug: str) -> Finding:
    if check.control_ok is None:
        return _cannot_tell(slug, "no_control")
    return Finding(VerdictName.HOST_DOWN, (slug,))


#: Statuses that alone settle it: being kept out says nothing about what is behind.
_STATUSES: dict[int, Finding] = {
    401: Finding(VerdictName.LOGIN_WALL, ("login_asked",)),
    402: Finding(VerdictName.LOGIN_WALL, ("login_asked",)),
    403: Finding(VerdictName.BLOCKED_HERE, ("forbidden",)),
    # Hosts that sort out robots use these two as well as 403.
    405: Finding(VerdictName.BLOCKED_HERE, ("forbidden",)),
    406: Finding(VerdictName.BLOCKED_HERE, ("forbidden",)),
    429: Finding(VerdictName.BLOCKED_HERE, ("too_many_requests",)),
    451: Finding(VerdictName.GEO_BLOCKED, ("legal_reasons",)),
    # Promised or empty answers, as some walls against robots give them.
    202: _cannot_tell("empty_answer"),
    204: _cannot_tell("empty_answer"),
    205: _cannot_tell("empty_answer"),
}


def _kept_out(check: Check, baseline: Baseline) -> Finding | None:
    meaning = _known_page(check, baseline)
    if meaning in KEPT_OUT or meaning == VerdictName.HOST_DOWN:
        return Finding(meaning, ("known_error_page",))
    if check.status in _STATUSES:
        return _STATUSES[check.status]
    # It asked to sign in when it was assessed as well: that hides nothing new.
    if _asks_to_sign_in(baseline.page):
        return None
    if _asks_to_sign_in(check.page):
        is_redirected = check.final_url != check.requested
        slug = "login_redirect" if is_redirected else "login_asked"
        return Finding(VerdictName.LOGIN_WALL, (slug,))
    return None


def _asks_to_sign_in(page: Page | None) -> bool:
    return page is not None and page.login_form


def _status_says(check: Check, baseline: Baseline) -> Finding | None:
    status = check.status or 0
    if status in _ABSENT:
        # It was assessed although the server said 404: that status says nothing of this host.
        if baseline.status in _ABSENT:
            return None
        return _judge_absent_status(check, baseline, f"status_{status}")
    # A server error is the host's trouble, and the material may be back with it.
    if status >= 500:
        return Finding(VerdictName.HOST_DOWN, ("server_error",))
    if 200 <= status < 300:
        return None
    return _cannot_tell("odd_answer")


def _judge_absent_status(
    check: Check, baseline: Baseline, slug: str
) -> Finding:
    """A host that shows the page to browsers and says 404 to us has removed nothing."""
    if check.direct_media:
        return _cannot_tell("odd_answer", slug)
    if _is_page_unchanged(check, baseline):
        return _cannot_tell("same_page", slug)
    return Finding(VerdictName.GONE, (slug,))


def _is_page_unchanged(check: Check, baseline: Baseline) -> bool:
    if check.page is None or baseline.page is None:
        return False
    return is_same_page(check.page, baseline.page)


def _known_page(check: Check, baseline: Baseline) -> VerdictName | None:
    """What a known error page means, unless what was assessed had that very title ("Gone")."""
    if _has_same_title(check.page, baseline.page):
        return None
    return check.known_error_page


def _has_same_title(page: Page | None, other: Page | None) -> bool:
    if page is None or other is None:
        return False
    if page.title is None:
        return False
    return page.title == other.title


def _in_part(check: Check, baseline: Baseline) -> Finding | None:
    """Some of what was assessed is shown, and the host's error page does not show it: pages of a
    gallery may all have the same few words, and its front page all of its pictures."""
    own = [
        medium
        for medium in check.media
        if not is_among(medium, check.missing_media)
    ]
    if not any_same(own, baseline.media):
        return None
    return _cannot_tell("only_site_media")


def _soft_404(check: Check, baseline: Baseline) -> Finding | None:
    """An answer that says "here you are" about nothing."""
    if _known_page(check, baseline) == VerdictName.SOFT_404:
        # Words of an error may stand above a gallery that is still there.
        if not check.media_complete:
            return _cannot_tell("known_error_page", "media_unseen")
        return Finding(VerdictName.SOFT_404, ("known_error_page",))
    if is_like_missing(check):
        return _judge_missing_page(check)
    if check.redirected_away:
        return _cannot_tell("elsewhere_redirect")
    if check.redirected_home:
        return _judge_front_page(check)
    return None


def _judge_front_page(check: Check) -> Finding | None:
    """A page that answers with the front page, where that has enough text to be one."""
    if check.page is None:
        return None
    if check.page.length < ENOUGH_TEXT:
        return None
    if check.missing_status is None:
        # A parked name leads every address to its front page: other addresses must not.
        return _cannot_tell("home_redirect")
    return Finding(VerdictName.SOFT_404, ("home_redirect",))


def _judge_missing_page(check: Check) -> Finding:
    """A wall in front of a whole site answers every address alike, and so does a page that a
    browser's script fills. Only where the front page is another one is this the error page."""
    if check.home is None or check.missing is None:
        return _cannot_tell("like_missing_page")
    if is_same_page(check.home, check.missing):
        return _cannot_tell("like_missing_page")
    return Finding(VerdictName.SOFT_404, ("like_missing_page",))


def _media_absent(check: Check, baseline: Baseline) -> Finding | None:
    """Material with hashes was looked for and is not among what was found."""
    if not baseline.media:
        return None
    if not check.media_complete:
        return _cannot_tell("media_unseen")
    if any_same(check.media, baseline.media):
        return _cannot_tell("only_site_media")
    # A crop or a watermark moves the hash: calling that removed would be the worse mistake.
    if any_similar(check.media, baseline.media):
        return _cannot_tell("media_similar")
    return _without_media(check, baseline)


def _without_media(check: Check, baseline: Baseline) -> Finding:
    if check.direct_media:
        # Any host may show a stranger a stand-in (no referrer, another country): for a person.
        slug = "media_replaced" if check.media else "odd_answer"
        return _cannot_tell(slug)
    if check.page is None:
        return _cannot_tell("empty_answer")
    if check.page.length == 0 and not check.media:
        return _cannot_tell("empty_answer")
    if _is_page_unchanged(check, baseline):
        return Finding(VerdictName.REMOVED, ("same_page_without_media",))
    return _cannot_tell("page_changed")


def _page_only(check: Check, baseline: Baseline) -> Finding | None:
    """Nothing to hash was assessed (text, a link list, a chat): the page itself is looked for."""
    if baseline.media:
        return None
    if baseline.page is None or check.page is None:
        return _cannot_tell("nothing_to_compare")
    if not is_same_page(check.page, baseline.page):
        return _cannot_tell("page_changed")
    is_short = check.page.length < _TELLING_TEXT
    if is_short and check.missing_status is None:
        # The frame that a script fills later is the same for every address of such a site.
        return _cannot_tell("same_page", "too_little_text")
    return Finding(VerdictName.ONLINE, ("same_page",))


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
