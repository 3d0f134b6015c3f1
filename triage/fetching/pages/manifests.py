"""HLS (RFC 8216) and DASH (ISO/IEC 23009-1) manifests: where the first seconds of a stream lie.

An initialisation section and two segments are enough to hash frames; more would be to watch it.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

SEGMENTS = 2
_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)')
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
    for line in (raw.strip() for raw in text.splitlines()):
        if line.startswith("#EXT-X-STREAM-INF"):
            awaiting_variant = True
        elif (
            line.startswith("#EXT-X-KEY")
            and _read_attributes(line).get("METHOD") != "NONE"
        ):
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
    return Manifest(
        parts=tuple(dict.fromkeys((init, *parts) if init else parts))
    )


def _read_attributes(line: str) -> dict[str, str]:
    return {
        name: value.strip('"')
        for name, value in _ATTRIBUTE.findall(line.partition(":")[2])
    }


def read_dash(text: str) -> Manifest:
    """The first representation of the first video set."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return Manifest(problem="bad_manifest")
    try:
        root = ET.fromstring(text)  # noqa: S314  no declarations: nothing to expand or to load
    except (ET.ParseError, ValueError):
        return Manifest(problem="bad_manifest")
    for node in root.iter():
        node.tag = node.tag.rpartition("}")[2]
    if root.find(".//ContentProtection") is not None:
        return Manifest(problem="encrypted")
    sets = root.findall("Period/AdaptationSet")
    video = next(
        (each for each in sets if _is_video(each)), sets[0] if sets else None
    )
    representation = (
        video.find("Representation") if video is not None else None
    )
    if video is None or representation is None:
        return Manifest(problem="empty_manifest")
    levels = [root, root.find("Period"), video, representation]
    bases = tuple(
        base
        for level in levels
        if level is not None
        and (base := (level.findtext("BaseURL") or "").strip())
    )
    parts = _dash_parts(representation, video, root.find("Period"))
    if not parts and not bases:
        return Manifest(problem="empty_manifest")
    return Manifest(parts=parts or ("",), bases=bases)


def _is_video(adaptation: ET.Element) -> bool:
    nodes = [adaptation, *adaptation.findall("Representation")]
    return any(
        node.get("contentType") == "video"
        or (node.get("mimeType") or "").startswith("video")
        for node in nodes
    )


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
    levels = [
        level
        for level in (period, adaptation, representation)
        if level is not None
    ]
    templates = [
        found
        for each in levels
        if (found := each.find("SegmentTemplate")) is not None
    ]
    if templates:
        return _by_template(_merge_templates(templates), representation)
    for level in reversed(levels):
        listed = level.find("SegmentList")
        if listed is not None:
            init = listed.find("Initialization")
            first = [init.get("sourceURL")] if init is not None else []
            urls = [
                node.get("media")
                for node in listed.findall("SegmentURL")[:SEGMENTS]
            ]
            return tuple(url for url in (*first, *urls) if url)
    return ()


def _by_template(
    template: ET.Element, representation: ET.Element
) -> tuple[str, ...]:
    media, init = template.get("media"), template.get("initialization")
    number = _parse_integer(template.get("startNumber"), 1)
    times = [0]
    for step in template.findall("SegmentTimeline/S")[:SEGMENTS]:
        times[-1] = _parse_integer(step.get("t"), times[-1])
        times.append(times[-1] + _parse_integer(step.get("d"), 0))
    parts = [_fill_pattern(init, representation, number, 0)] if init else []
    for place in range(SEGMENTS if media else 0):
        time = times[min(place, len(times) - 1)]
        parts.append(
            _fill_pattern(media or "", representation, number + place, time)
        )
    return tuple(dict.fromkeys(parts))


def _fill_pattern(
    pattern: str, representation: ET.Element, number: int, time: int
) -> str:
    def fill_place(found: re.Match[str]) -> str:
        if found[1] == "RepresentationID":
            return representation.get("id") or ""
        figure = {"Number": number, "Time": time}.get(
            found[1], _parse_integer(representation.get("bandwidth"), 0)
        )
        return f"{figure:0{int(found[2] or 1)}d}"

    return _NUMBER.sub(fill_place, pattern).replace("$$", "$")


def _parse_integer(text: str | None, otherwise: int) -> int:
    return (
        int(text)
        if text and text.isascii() and text.isdigit() and len(text) < 20
        else otherwise
    )
