"""The words of the public pages that are chosen by a value: kinds, roles, states, faults.

Plain and short; a child reads them too. What stands in one place only is in the templates.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

from babel import Locale
from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from hotline.intake.submission import (
    MAX_CONTACT,
    MAX_LOCATION,
    MAX_LOCATIONS,
    MAX_NARRATIVE,
)

KINDS: dict[str, LazyString] = {
    "csam_image": _("Pictures that show the sexual abuse of a child"),
    "csam_video": _("A video that shows the sexual abuse of a child"),
    "self_generated": _("A picture or video that a young person made of themself"),
    "sexual_extortion": _(
        "Somebody threatens to share pictures, or wants more pictures or money"
    ),
    "grooming": _("An adult writes to a child in a sexual way, or wants to meet"),
    "live_stream": _("Abuse that is shown live"),
    "ai_generated": _("Pictures or videos made or changed by computer (AI)"),
    "text_audio_drawing": _("Texts, sound recordings, drawings or instructions"),
    "trafficking": _("A child is offered or sold"),
    "p2p": _("Files in a sharing network (torrent, eMule)"),
    "account": _("A profile, account, chat or group"),
    "onion": _("A hidden page (.onion, Tor)"),
    "other_harmful": _("Something else that harms children"),
    "unknown": _("I am not sure"),
}
ROLES: dict[str, LazyString] = {
    "child_self": _("I am under 18 and it happened to me"),
    "child_friend": _("I am under 18 and it is about somebody I know"),
    "parent": _("I am a parent or I look after a child"),
    "professional": _("I work with children or with the law"),
    "provider": _("I work for an internet company"),
    "public": _("I came across it"),
    "unknown": _("I would rather not say"),
}
STATES: dict[str, LazyString] = {
    "received": _("We have it. Nobody has looked at it yet."),
    "in_review": _("We are looking at it."),
    "passed_on": _("We passed it on to those who can act."),
    "removed": _("It is gone. We checked."),
    "not_illegal": _("We looked at it. We cannot act against it under the law."),
    "closed": _("We have finished with it."),
    "set_aside": _("We have set it aside for now."),
}
FAULTS: dict[str, LazyString] = {
    "nothing": _("Tell us where it is, or what happened. One of the two is enough."),
    "locations": _(
        "Give at most %(lines)s lines of at most %(characters)s characters each.",
        lines=MAX_LOCATIONS,
        characters=MAX_LOCATION,
    ),
    "narrative": _(
        "This is too long. Use at most %(characters)s characters.",
        characters=MAX_NARRATIVE,
    ),
    "contact": _(
        "This is too long. Use at most %(characters)s characters.",
        characters=MAX_CONTACT,
    ),
    "text": _(
        "Write something, at most %(characters)s characters.", characters=MAX_NARRATIVE
    ),
    "receipt": _("There is no report with this code. Check it, letter by letter."),
    "choice": _("Choose one of the answers."),
    "stale": _("The page was open for too long. Nothing is lost: send it again."),
    "one_page": _(
        "Nothing is lost. Here are all questions on one page: go on, and send it."
    ),
    "busy": _("Too many tries in a short time. Wait a few minutes."),
}


@cache
def is_spoken(code: str) -> bool:
    """Whether there is a catalogue; English needs none, and a half-translated page is offered to
    nobody."""
    if code == "en":
        return True
    catalogue = resources.files("hotline") / "translations" / code.replace("-", "_")
    return (catalogue / "LC_MESSAGES" / "messages.po").is_file()


@cache
def language_name(code: str) -> str:
    """How the language calls itself."""
    name = Locale.parse(code, sep="-").get_display_name() or code
    return name[:1].upper() + name[1:]
