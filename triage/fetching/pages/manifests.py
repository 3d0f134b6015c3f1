"""HLS (RFC 8216) and DASH (ISO/IEC 23009-1) manifests: where the first seconds of a stream lie.

An initialisation section and two segments are enough to hash frames; more would be to watch it.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

SEGMENTS = 2
_MOST_DIGITS = 20
# From the beginning of a name only: from each of its letters it would cost the square of them.
_ATTRIBUTE = re.compile(r'(?<![A-Z0-9-])([A-Z0-9-]++)=("[^"]*+"|[^,]*+)')
# A width of two digits: with more, one sign of a manifest could fill the
# memory with zeros.
_NUMBER = re.compile(
    r"\$(Number|Time|Bandwidth|RepresentationID)(?:%0(\d{1,2})d)?\$"
)


@dataclass(frozen=True, slots=True)
class Manifest:
    """``variant``: another manifest to read instead. ``parts``: what to read, in order, each
    relative to the base that ``bases`` (outermost first) make from the manifest's own URL.
    ``problem``: a slug where neither can be had."""

    variant: str | None = None
    parts: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    problem: str | None = None


def read_hls(text: str) -> Manifest:
    """The first variant of a master playlist, or the first segments of a media playlist."""
    init: str | None = None
    parts: list[str] = []
    awaiting_variant = False
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("#EXT-X-STREAM-INF"):
            awaiting_variant = True
        elif line.startswith("#EXT-X-KEY"):
            if _read_attributes(line).get("METHOD") != "NONE":
                return Manifest(problem="encrypted")
        elif line.startswith("#EXT-X-MAP"):
            init = init or _read_attributes(line).get("URI")
        elif line and not line.startswith("#"):
            if awaiting_variant:
                return Manifest(variant=line)
            if line not in parts:  # byte ranges of one file repeat its name
                parts.append(line)
            if len(parts) == SEGMENTS:
                break
    if not parts:
        return Manifest(problem="empty_manifest")
    # The initialisation may lie at the beginning of the one file that all byte ranges are of.
    if init:
        parts.insert(0, init)
    return Manifest(parts=tuple(dict.fromkeys(parts)))


def _read_attributes(line: str) -> dict[str, str]:
    _, _, written = line.partition(":")
    pairs = _ATTRIBUTE.findall(written)
    return {name: value.strip('"') for name, value in pairs}


def read_dash(text: str) -> Manifest:
    """The first representation of the first video set."""
    # No manifest has declarations; a few of them could fill the memory.
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return Manifest(problem="bad_manifest")
    try:
        root = ET.fromstring(text)  # noqa: S314  no declarations: nothing to expand or to load
    except (ET.ParseError, ValueError):
        return Manifest(problem="bad_manifest")
    for node in root.iter():
        # Packagers disagree on namespaces; the names themselves are enough to find a video.
        node.tag = node.tag.rpartition("}")[2]
    if root.find(".//ContentProtection") is not None:
        return Manifest(problem="encrypted")
    return _read_first_video(root)


def _read_first_video(root: ET.Element) -> Manifest:
    video = _choose_video(root)
    if video is None:
        return Manifest(problem="empty_manifest")
    representation = video.find("Representation")
    if representation is None:
        return Manifest(problem="empty_manifest")
    period = root.find("Period")
    bases = _read_bases([root, period, video, representation])
    parts = _dash_parts(representation, video, period)
    if not parts and not bases:
        return Manifest(problem="empty_manifest")
    return Manifest(parts=parts or ("",), bases=bases)


def _choose_video(root: ET.Element) -> ET.Element | None:
    """The first set that says it is video; where none does, the first."""
    sets = root.findall("Period/AdaptationSet")
    for adaptation in sets:
        if _is_video(adaptation):
            return adaptation
    return sets[0] if sets else None


def _read_bases(levels: list[ET.Element | None]) -> tuple[str, ...]:
    bases = []
    for level in levels:
        if level is None:
            continue
        base = (level.findtext("BaseURL") or "").strip()
        if base:
            bases.append(base)
    return tuple(bases)


def _is_video(adaptation: ET.Element) -> bool:
    for node in (adaptation, *adaptation.findall("Representation")):
        if node.get("contentType") == "video":
            return True
        media_type = node.get("mimeType") or ""
        if media_type.startswith("video"):
            return True
    return False


def _merge_templates(templates: list[ET.Element]) -> ET.Element:
    """One template of several, outermost first: an inner one says only what differs (5.3.9.1)."""
    merged = ET.Element("SegmentTemplate")
    for template in templates:
        merged.attrib.update(template.attrib)
        if len(template):
            merged[:] = list(template)
    return merged


def _dash_parts(
    representation: ET.Element,
    adaptation: ET.Element,
    period: ET.Element | None,
) -> tuple[str, ...]:
    """URLs by template or list; none means that the base URL itself is the one file."""
    levels = [adaptation, representation]
    if period is not None:
        levels.insert(0, period)
    templates = []
    for level in levels:
        template = level.find("SegmentTemplate")
        if template is not None:
            templates.append(template)
    if templates:
        return _by_template(_merge_templates(templates), representation)
    for level in reversed(levels):
        listed = level.find("SegmentList")
        if listed is not None:
            return _by_list(listed)
    return ()


def _by_list(listed: ET.Element) -> tuple[str, ...]:
    urls = []
    init = listed.find("Initialization")
    if init is not None:
        urls.append(init.get("sourceURL"))
    for segment in listed.findall("SegmentURL")[:SEGMENTS]:
        urls.append(segment.get("media"))
    return tuple(url for url in urls if url)


def _by_template(
    template: ET.Element, representation: ET.Element
) -> tuple[str, ...]:
    media = template.get("media")
    init = template.get("initialization")
    number = _parse_integer(template.get("startNumber"), 1)
    times = _read_times(template)
    parts = []
    if init:
        parts.append(_fill_pattern(init, representation, number, 0))
    if media:
        for place in range(SEGMENTS):
            last = len(times) - 1
            time = times[min(place, last)]
            part = _fill_pattern(media, representation, number + place, time)
            parts.append(part)
    return tuple(dict.fromkeys(parts))


def _read_times(template: ET.Element) -> list[int]:
    """When each segment begins, and the one behind them; 0 alone without a timeline."""
    times = []
    time = 0
    for step in template.findall("SegmentTimeline/S")[:SEGMENTS]:
        time = _parse_integer(step.get("t"), time)
        times.append(time)
        time += _parse_integer(step.get("d"), 0)
    times.append(time)
    return times


def _fill_pattern(
    pattern: str, representation: ET.Element, number: int, time: int
) -> str:
    bandwidth = _parse_integer(representation.get("bandwidth"), 0)
    figures = {"Number": number, "Time": time, "Bandwidth": bandwidth}

    def fill_place(place: re.Match[str]) -> str:
        if place[1] == "RepresentationID":
            return representation.get("id") or ""
        width = int(place[2] or 1)
        return f"{figures[place[1]]:0{width}d}"

    return _NUMBER.sub(fill_place, pattern).replace("$$", "$")


def _parse_integer(text: str | None, otherwise: int) -> int:
    # Reading a number of a megabyte of digits takes minutes.
    if not text or len(text) >= _MOST_DIGITS:
        return otherwise
    if text.isascii() and text.isdigit():
        return int(text)
    return otherwise
