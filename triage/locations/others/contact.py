"""Locations that are people's addresses: e-mail, phone, Usenet articles, accounts by handle."""

from __future__ import annotations

import re
from functools import lru_cache

import can_ada

from triage.locations.catalogue_values import Catalogue
from triage.locations.location import Location, make_key, shorten_text
from triage.locations.web.site import SPECIAL_SUFFIXES, load_suffixes

_ATOM = r"[\w+%'~!#$&*-]"
EMAIL = re.compile(
    rf"(?<![\w+%'~!#$&*./@-])({_ATOM}(?:\.?{_ATOM}){{0,63}})"
    r"@((?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}[^\W\d_](?:[\w-]{0,61}[^\W_]))(?![\w@-]|\.[\w@])"
)
PHONE = re.compile(
    r"(?<![\w./:@=#+-])(?:\+|00)?\(?\d(?:[ ().\-/]{0,3}\d){5,15}(?![\w@=-]|\.\d|:\d)"
)
_GROUP = r"[a-z][a-z0-9+_-]{0,30}(?:\.[a-z0-9+_-]{1,40}){1,10}"
_ID = r"[a-z0-9!#$%&'*+/=?^_{|}~.\-]"
_ID_HOST = r"[a-z0-9](?:[a-z0-9._-]{0,200}[a-z0-9])?"
USENET = re.compile(
    r"(?ia)(?<![\w/])(?:(?:message-id|msgid|article)\s?:\s?|s?news:|nntp://[^\s/<>]{1,255}/(?:[\w.+-]{1,200}/)?)"
    rf"<?(?P<id>{_ID}{{1,200}}@{_ID_HOST})>?"
    rf"|<(?P<bare>{_ID}{{0,200}}\$(?:{_ID}|\$){{0,200}}@{_ID_HOST})>"
    rf"|(?<![\w/])(?:s?news:|newsgroup:\s?|nntp://(?P<server>[^\s/<>@]{{1,255}})/)(?P<group>{_GROUP})"
    rf"(?:/(?P<number>\d{{1,12}})(?!\w))?"
)
DISCORD_TAG = re.compile(
    r"(?<![\w@#./:])@?([A-Za-z0-9_](?:\.?[A-Za-z0-9_]){1,31})#([0-9]{4})(?![\w#])"
)
AT_HANDLE = re.compile(
    r"(?<![\w@./:=&-])@([A-Za-z0-9_](?:\.?[A-Za-z0-9_-]){1,39})(?:@([\w-]{1,63}(?:\.[\w-]{1,63}){1,6}))?(?![\w@])"
)


def locate_email(match: re.Match[str]) -> Location | None:
    """The part before the @ is compared without case: no mail service of today tells them apart."""
    local, domain = match[1], _to_ascii_domain(match[2])
    if local.isascii():
        # Beyond ASCII, lower case may be another spelling altogether.
        local = local.lower()
    if domain is None:
        return None
    canonical = f"{local}@{domain}"
    return Location(
        input=match[0],
        kind="email",
        canonical=canonical,
        key=make_key("email", canonical),
        display=shorten_text(canonical),
        host=domain,
        registrable_domain=load_suffixes().privatesuffix(domain),
    )


def _to_ascii_domain(domain: str) -> str | None:
    try:
        return str(can_ada.parse(f"http://{domain}/").hostname) or None
    except (ValueError, TypeError):
        return None


def locate_phone(
    text: str, region: str | None, *, strict: bool
) -> Location | None:
    """E.164. ``strict``: digits in running text count only where they are a number in use."""
    import phonenumbers

    digits = text.strip()
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    try:
        # As in "+355 (0)4": that zero is only dialled from within the country.
        number = phonenumbers.parse(digits.replace("(0)", ""), region)
    except phonenumbers.NumberParseException:
        return None
    valid = phonenumbers.is_valid_number(number)
    if not (
        valid
        or (digits.startswith("+") and not strict and _is_possible(number))
    ):
        return None
    canonical = phonenumbers.format_number(
        number, phonenumbers.PhoneNumberFormat.E164
    )
    shown = phonenumbers.format_number(
        number, phonenumbers.PhoneNumberFormat.INTERNATIONAL
    )
    return Location(
        input=text,
        kind="phone",
        canonical=canonical,
        key=make_key("phone", canonical),
        display=shown,
        content_id=canonical,
        problems=() if valid else ("phone_not_valid",),
    )


def _is_possible(number: object) -> bool:
    import phonenumbers

    return bool(phonenumbers.is_possible_number(number))  # type: ignore[arg-type]


def locate_usenet(match: re.Match[str]) -> Location:
    """Message-ids are compared exactly (RFC 5536); groups without case."""
    group, server, number = match["group"], match["server"], match["number"]
    # An article's number is one server's own count (RFC 5538): it names nothing
    # without the server.
    if group is not None and server and number:
        identity = f"nntp://{server.lower()}/{group.lower()}/{int(number)}"
        canonical = identity
    elif group is not None:
        canonical = f"news:{group.lower()}"
        identity = f"group:{group.lower()}"
    else:
        identity = match["id"] or match["bare"]
        canonical = f"news:{identity}"
    return Location(
        input=match[0],
        kind="usenet",
        canonical=canonical,
        key=make_key("usenet", identity),
        display=shorten_text(canonical),
        content_id=identity,
    )


@lru_cache(maxsize=8)
def _compile_handles(words: tuple[tuple[str, str], ...]) -> re.Pattern[str]:
    """One pattern for every platform's name: ``telegram: @name``, ``snap: name``."""
    # The longest first, since the first that fits is taken.
    names = "|".join(
        re.escape(word) for word, _ in sorted(words, key=lambda w: -len(w[0]))
    )
    return re.compile(
        rf"(?i)(?<![\w/.@:-])({names})(?P<what>\s(?:account|user|username|handle|id|nick|name)\b)?"
        r"(?:\s{0,2}[:=]\s{0,2}@?|\s{1,2}@|@)"
        r"(?P<name>[a-z0-9_](?:[.\-]?[a-z0-9_]){0,63}(?:#[0-9]{4})?)(?![\w@]|:?//|\.\w|:\d|/)"
    )


def compile_handle_pattern(catalogue: Catalogue) -> re.Pattern[str]:
    return _compile_handles(
        tuple(
            (word, platform.id)
            for platform in catalogue.platforms.values()
            if platform.handle is not None
            for word in platform.handle.words
        )
    )


def locate_handle(
    match: re.Match[str], catalogue: Catalogue
) -> Location | None:
    word, name = match[1].lower(), match["name"]
    # Where case is ignored, [a-z] fits the long s and the Kelvin sign as well.
    if not name.isascii():
        return None
    for platform in catalogue.platforms.values():
        if platform.handle is not None and word in platform.handle.words:
            if (
                not platform.handle.pattern.fullmatch(name)
                or name.lower() in platform.reserved
            ):
                return None
            return locate_account(platform.id, name, match[0], catalogue)
    return None


def locate_account(
    platform_id: str, name: str, text: str, catalogue: Catalogue
) -> Location:
    """An account as a rule of its platform would name it, so that handle and address agree."""
    platform = catalogue.platforms[platform_id]
    handle_of = platform.handle
    if handle_of is not None and handle_of.lower:
        name = name.lower()
    content = f"@{name}"
    template = handle_of.canonical if handle_of is not None else ""
    canonical = (
        template.format(name=name) if template else f"{platform_id}:{content}"
    )
    host = canonical.split("/", 3)[2] if "://" in canonical else None
    return Location(
        input=text,
        kind="account",
        canonical=canonical,
        key=make_key("account", f"{platform_id}:{content}"),
        display=f"{content} ({platform.name})",
        platform=platform_id,
        content_id=content,
        host=host,
        registrable_domain=load_suffixes().privatesuffix(host)
        if host
        else None,
        fetchable=host is not None,
    )


def locate_at_handle(match: re.Match[str]) -> Location:
    """``@name@server`` is a Fediverse account; ``@name`` alone leaves the platform to a person."""
    name, server = match[1].lower(), (match[2] or "").lower()
    canonical = f"@{name}@{server}" if server else f"@{name}"
    return Location(
        input=match[0],
        kind="account",
        canonical=canonical,
        key=make_key(
            "account", f"fediverse:{canonical}" if server else f":{canonical}"
        ),
        display=canonical,
        platform=None,
        content_id=canonical,
        host=server or None,
        registrable_domain=load_suffixes().privatesuffix(server)
        if server
        else None,
        problems=() if server else ("platform_unknown",),
    )


def has_known_suffix(domain: str) -> bool:
    """Whether a bare word with a dot ends as host names do; otherwise it is just a word."""
    last = domain.rpartition(".")[2].lower()
    if last in SPECIAL_SUFFIXES:
        return True
    ascii_domain = (
        domain.lower() if domain.isascii() else _to_ascii_domain(domain)
    )
    return bool(
        ascii_domain
        and load_suffixes().publicsuffix(ascii_domain, accept_unknown=False)
        is not None
    )
