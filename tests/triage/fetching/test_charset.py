"""Bytes become the text that a browser reads, whatever a host writes on them."""

from __future__ import annotations

import encodings
import pkgutil

import pytest
import webencodings
from webencodings.labels import LABELS

from triage.fetching.pages.charset import (
    UTF_8,
    WITHOUT_LABEL,
    decode_page,
    encode_query,
)

PAGE = b"<img src=a.jpg>"
STATEFUL = {"utf-16le", "utf-16be", "replacement"}


@pytest.mark.parametrize("label", sorted(LABELS))
def test_every_label_of_the_standard_is_known(label: str) -> None:
    found = decode_page(PAGE, f'text/html; charset="{label}"')
    encoding = webencodings.lookup(label).name
    if encoding not in STATEFUL:
        assert found.text == PAGE.decode()
        assert found.encoding == encoding


@pytest.mark.parametrize(
    "label",
    sorted(
        name
        for _, name, _ in pkgutil.iter_modules(encodings.__path__)
        if webencodings.lookup(name.replace("_", "-")) is None
        and webencodings.lookup(name) is None
    ),
)
def test_a_codec_that_only_python_has_hides_nothing(label: str) -> None:
    """UTF-7, Punycode, EBCDIC, rot13 ...: browsers take no notice of such a label."""
    for body in (PAGE, b"<meta charset=" + label.encode() + b">" + PAGE):
        assert decode_page(body, f"text/html; charset={label}").text == (
            body.decode()
        )
    assert (
        decode_page(b"<meta charset=" + label.encode() + b">", None).encoding
        == UTF_8
    )


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"<meta charset=latin1>", "windows-1252"),
        (b"<META CHARSET = 'windows-1251'>", "windows-1251"),
        (b"<meta charset=utf-16>", UTF_8),
        (b"<meta charset=x-user-defined>", WITHOUT_LABEL),
        (
            b"<meta http-equiv=content-type content='text/html;charset=koi8-r'>",
            "koi8-r",
        ),
        (b"<meta content='text/html;charset=koi8-r'>", UTF_8),
        (b"<!-- <meta charset=koi8-r> -->", UTF_8),
        (b"<script>'<meta charset=koi8-r>'</script>", UTF_8),
        (b"<p title='<meta charset=koi8-r>'>", UTF_8),
        (b"<title>" + b"x" * 3000 + b"</title><meta charset=gbk>", "gbk"),
        (b"<p>" + b"x" * 3000 + b"</p><meta charset=gbk>", UTF_8),
        (b"<?xml version='1.0' encoding='iso-8859-2'?>", "iso-8859-2"),
        (b"\xef\xbb\xbf<meta charset=gbk>", UTF_8),
        (b"\xff\xfe<\0p\0>\0", UTF_8),
        (b"caf\xe9", WITHOUT_LABEL),
        ("café".encode(), UTF_8),
        (b"", UTF_8),
    ],
)
def test_what_a_page_says_of_itself(body: bytes, encoding: str) -> None:
    assert decode_page(body, "text/html").encoding == encoding


def test_letters_of_a_query_are_sent_as_the_page_is_written() -> None:
    assert encode_query("/ä?q=ä#ä", "windows-1252") == "/ä?q=%E4#ä"
    assert encode_query("?ж", "windows-1252") == "?%26%231078%3B"
    assert encode_query("?ж", "windows-1251") == "?%E6"
    assert encode_query("?ж", UTF_8) == "?ж"
    assert encode_query("/ж", "koi8-r") == "/ж"
