"""Redirectors, translators, proxies and archives: the address inside an address.

Only services that the data names are opened: a ``url=`` on any other site may be part of that
site's own page. Depth is bounded, each level is decoded once, so the work stays linear.
"""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import unquote

from triage.locations.catalogue_values import Wrapper
from triage.locations.web.parts import Parts

_ADDRESS = re.compile(r"(?i)(?:https?|ftp):/{1,2}[^/\s]")
_ENCODED = re.compile(r"(?i)(?:https?|ftp)%(?:25)*3A")
_BARE = re.compile(
    r"[^\W_](?:[\w-]{0,61}[^\W_])?(?:\.[^\W_](?:[\w-]{0,61}[^\W_])?){1,10}\.?(?::\d{1,5})?(?:[/?#]|$)"
)
_DASHES = re.compile(r"--|-")
_RUNS = re.compile(r"\*\*(.)|\*")
_RUN_LENGTHS = (
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
)


def find_wrapper(
    parts: Parts, raw_query: str
) -> tuple[Wrapper, str, str] | None:
    """The wrapper, its target as text, and the time stamp of an archive; None where it is none."""
    subject = f"{parts.path}?{raw_query}" if raw_query else parts.path
    for wrapper in parts.site.wrappers:
        host_match = None
        if wrapper.host is not None:
            host_match = wrapper.host.fullmatch(parts.site.host)
            if host_match is None:
                continue
        match = wrapper.path.fullmatch(subject)
        if match is None:
            continue
        target = _read_target(wrapper, parts, match, host_match, raw_query)
        if target is not None:
            return wrapper, target, match.groupdict("").get("time", "")
    return None


def _read_target(
    wrapper: Wrapper,
    parts: Parts,
    match: re.Match[str],
    host_match: re.Match[str] | None,
    raw_query: str,
) -> str | None:
    if wrapper.coding == "host" and host_match is not None:
        return f"http://{host_match['target']}.onion{_join_rest(parts, raw_query)}"
    if wrapper.coding == "dashes":
        return _restore_translated_host(parts, raw_query)
    if "target" in wrapper.path.groupindex:
        return _decode_path_target(wrapper, match, parts.fragment)
    given: dict[str, str] = {}
    # From the last on, so that of a repeated name the first value stays.
    for piece in reversed(raw_query.split("&")):
        name, _, value = piece.partition("=")
        given[name] = value
    for name in wrapper.parameters:
        if given.get(name):
            return _decode_target(wrapper, given[name], parts)
    return None


def _decode_path_target(
    wrapper: Wrapper, match: re.Match[str], fragment: str
) -> str | None:
    if wrapper.coding == "hex":
        plain = bytes.fromhex(match["target"]).decode("utf-8", "replace")
        return _make_plain_address(plain)
    text = match["target"] + (f"#{fragment}" if fragment else "")
    if wrapper.coding == "proofpoint3":
        return _decode_proofpoint3(text, match[0])
    secure = match.groupdict("").get("secure")
    return _make_plain_address(f"https://{text}" if secure else text)


def _join_rest(parts: Parts, raw_query: str) -> str:
    rest = parts.path + (f"?{raw_query}" if raw_query else "")
    return rest + (f"#{parts.fragment}" if parts.fragment else "")


def _decode_target(wrapper: Wrapper, value: str, parts: Parts) -> str | None:
    if wrapper.coding == "base64":
        return _decode_base64(unquote(value))
    if wrapper.coding == "proofpoint2":
        value = value.replace("-", "%").replace("_", "/")
    text = unquote(value)
    if wrapper.coding == "local" and text[:1] == "/" and text[:2] != "//":
        return f"https://{parts.authority}{text}"
    if wrapper.cut is not None:
        text = wrapper.cut.sub("", text)
    return _make_plain_address(text)


def _make_plain_address(text: str) -> str | None:
    """An address, also one that was encoded more than once or lacks its scheme."""
    for _ in range(3):
        if _ENCODED.match(text):
            text = unquote(text)
    if _ADDRESS.match(text):
        return text
    if text.startswith("//"):
        return "http:" + text
    return f"http://{text}" if _BARE.match(text) else None


def _decode_base64(value: str) -> str | None:
    """Base64url, with the ``a1`` that Bing sets before it."""
    body = value.removeprefix("a1")
    try:
        raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        return _make_plain_address(raw.decode())
    except (ValueError, binascii.Error):
        return None


def _decode_proofpoint3(text: str, whole: str) -> str | None:
    """Characters that were taken out stand in base64 between ``__;`` and ``!``.

    In the address ``*`` is one of them, ``**A`` two, ``**B`` three and so on.
    """
    coded = whole.rpartition("__;")[2].partition("!")[0]
    try:
        taken = base64.urlsafe_b64decode(
            coded + "=" * (-len(coded) % 4)
        ).decode()
    except (ValueError, binascii.Error):
        return None
    supply = iter(taken)

    def restore(match: re.Match[str]) -> str:
        count = _RUN_LENGTHS.find(match[1]) + 2 if match[1] else 1
        return "".join(next(supply, "") for _ in range(count))

    return _make_plain_address(_RUNS.sub(restore, text))


def _restore_translated_host(parts: Parts, raw_query: str) -> str | None:
    """``my--site-example.translate.goog``: "-" stands for ".", "--" for "-"."""
    label = parts.site.host.removesuffix(".translate.goog")
    if "." in label or "-" not in label:
        return None
    host = _DASHES.sub(lambda match: "-" if match[0] == "--" else ".", label)
    kept = "&".join(
        p for p in raw_query.split("&") if p and not p.startswith("_x_tr_")
    )
    # The service says the scheme only where it is the plain one.
    scheme = "http" if "_x_tr_sch=http&" in f"{raw_query}&" else "https"
    return f"{scheme}://{host}{_join_rest(parts, kept)}"
