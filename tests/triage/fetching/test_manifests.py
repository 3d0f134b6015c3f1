"""Streams: an initialisation section and two segments, and nothing that a manifest makes up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.fetching.pages.manifests import Manifest, read_dash, read_hls

MPD = '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011">{}</MPD>'


def test_a_master_playlist_names_its_first_variant() -> None:
    text = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow/index.m3u8\n#EXT-X-STREAM-INF:\nhigh"
    assert read_hls(text) == Manifest(variant="low/index.m3u8")


def test_a_media_playlist_names_its_first_segments() -> None:
    text = '#EXTM3U\n#EXT-X-MAP:URI="init.mp4"\n' + "".join(
        f"#EXTINF:2,\nseg{n}.m4s\n" for n in range(9)
    )
    assert read_hls(text).parts == ("init.mp4", "seg0.m4s", "seg1.m4s")


def test_byte_ranges_of_one_file_are_one_part() -> None:
    text = "#EXTM3U\n" + "#EXTINF:2,\n#EXT-X-BYTERANGE:10@0\nall.ts\n" * 3
    assert read_hls(text).parts == ("all.ts",)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="k"\na.ts', "encrypted"),
        ("#EXTM3U\n", "empty_manifest"),
    ],
)
def test_hls_without_anything_to_hash(text: str, problem: str) -> None:
    assert read_hls(text).problem == problem


def test_dash_by_template() -> None:
    text = MPD.format(
        "<BaseURL>media/</BaseURL><Period><AdaptationSet contentType='audio'/>"
        "<AdaptationSet mimeType='video/mp4'><SegmentTemplate "
        "media='$RepresentationID$-$Number%05d$.m4s' "
        "initialization='$RepresentationID$-init.mp4' startNumber='7'/>"
        "<Representation id='v1' bandwidth='9'/></AdaptationSet></Period>"
    )
    assert read_dash(text) == Manifest(
        parts=("v1-init.mp4", "v1-00007.m4s", "v1-00008.m4s"),
        bases=("media/",),
    )


def test_dash_by_time_line() -> None:
    text = MPD.format(
        "<Period><AdaptationSet contentType='video'><SegmentTemplate media='$Time$.m4s'>"
        "<SegmentTimeline><S t='5' d='10' r='3'/></SegmentTimeline></SegmentTemplate>"
        "<Representation id='v'/></AdaptationSet></Period>"
    )
    assert read_dash(text).parts == ("5.m4s", "15.m4s")


def test_dash_by_list_and_as_one_file() -> None:
    listed = MPD.format(
        "<Period><AdaptationSet contentType='video'><Representation><SegmentList>"
        "<Initialization sourceURL='i.mp4'/><SegmentURL media='1'/><SegmentURL media='2'/>"
        "<SegmentURL media='3'/></SegmentList></Representation></AdaptationSet></Period>"
    )
    assert read_dash(listed).parts == ("i.mp4", "1", "2")
    single = MPD.format(
        "<Period><AdaptationSet contentType='video'><Representation>"
        "<BaseURL>film.mp4</BaseURL></Representation></AdaptationSet></Period>"
    )
    assert read_dash(single) == Manifest(parts=("",), bases=("film.mp4",))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><MPD/>", "bad_manifest"),
        ("<MPD>", "bad_manifest"),
        ("<MPD/>", "empty_manifest"),
        (
            MPD.format(
                "<Period><AdaptationSet><ContentProtection/></AdaptationSet></Period>"
            ),
            "encrypted",
        ),
    ],
)
def test_dash_without_anything_to_hash(text: str, problem: str) -> None:
    assert read_dash(text).problem == problem


@given(st.text(max_size=200))
def test_no_text_makes_them_raise(text: str) -> None:
    read_hls("#EXTM3U\n" + text)
    read_dash("<MPD>" + text + "</MPD>")


def test_an_inner_template_says_only_what_differs() -> None:
    text = MPD.format(
        "<Period><SegmentTemplate initialization='i-$RepresentationID$.mp4' startNumber='4'/>"
        "<AdaptationSet contentType='video'><SegmentTemplate media='$RepresentationID$/$Time$.m4s'>"
        "<SegmentTimeline><S t='0' d='10' r='3'/></SegmentTimeline></SegmentTemplate>"
        "<Representation id='v'><SegmentTemplate startNumber='9'/></Representation>"
        "</AdaptationSet></Period>"
    )
    assert read_dash(text).parts == ("i-v.mp4", "v/0.m4s", "v/10.m4s")
