"""Each format as its owners write it, with the mistakes that such files have."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from datetime import date

import pytest

from hotline.core.errors import InvalidInput
from triage.hashlists.formats import (
    HashEntry,
    Problem,
    detect_format,
    parse_entries,
)
from triage.hashlists.formats.entry import OF_NOTHING, parse_day
from triage.hashlists.formats.ncmec import read_page

MD5, SHA1, SHA256 = (
    hashlib.new(name, b"x").hexdigest() for name in ("md5", "sha1", "sha256")
)
PDQ = "f0" * 32  # like every PDQ, exactly 128 of its 256 bits are set
PHASH = "9ef0e1c3a5b47788"
PHOTODNA = bytes(range(144))


def read(name: str, text: str | bytes) -> list[HashEntry | Problem]:
    data = text.encode() if isinstance(text, str) else text
    assert detect_format(data[:65_536], "list") == name
    return list(parse_entries(name, io.BytesIO(data)))


def test_csv_gives_one_entry_for_each_hash_of_a_row() -> None:
    text = (
        "md5,sha1,sha256,pdq,phash,category,source,date,id,quality\n"
        f"{MD5.upper()},{SHA1},{SHA256},{PDQ},{PHASH},A1,Police,2026-03-01,7,88\n"
    )
    shared = {
        "category": "A1",
        "source": "Police",
        "entry_ref": "7",
        "dated": date(2026, 3, 1),
    }
    assert read("csv", text) == [
        HashEntry("md5", MD5, **shared),
        HashEntry("sha1", SHA1, **shared),
        HashEntry("sha256", SHA256, **shared),
        HashEntry("pdq", PDQ, **shared, quality=88),
        HashEntry("phash", PHASH, **shared),
    ]


@pytest.mark.parametrize("title", ["hash", "Hash Value", "value"])
def test_a_column_called_hash_says_its_kinds_by_their_lengths(
    title: str,
) -> None:
    hashes = (MD5, SHA1, SHA256)
    text = f"{title},note\n" + "".join(f"{value},x\n" for value in hashes)
    assert read("csv", text) == [
        HashEntry("md5", MD5),
        HashEntry("sha1", SHA1),
        HashEntry("sha256", SHA256),
    ]


def test_a_column_called_hash_may_hold_pdq() -> None:
    text = "hash\n" + f"{PDQ}\n" * 3
    assert {entry.kind for entry in read("csv", text)} == {"pdq"}


def test_what_no_length_tells_in_a_column_called_hash_is_a_problem() -> None:
    assert read("csv", f"hash,a\n{MD5},1\nnonsense,2\n") == [
        HashEntry("md5", MD5),
        Problem(3, "the kind of the hash is not known"),
    ]


@pytest.mark.parametrize("many", [1, 6])
@pytest.mark.parametrize("nothing", sorted(OF_NOTHING))
def test_a_list_may_begin_with_the_hash_of_an_empty_file(
    nothing: str, many: int
) -> None:
    entries = read("lines", f"{nothing}\n" * many + f"{MD5}\n")
    assert entries[-1] == HashEntry("md5", MD5)
    assert len(entries) == many + 1


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_csv_in_every_dialect(separator: str, end: str, mark: bytes) -> None:
    rows = [
        ["Source", "MD5 hash", "Class"],
        ['"a ""b"""', f" {MD5} ", "2"],
        ["", "", ""],
    ]
    text = mark + end.join(separator.join(row) for row in rows).encode()
    assert read("csv", text) == [HashEntry("md5", MD5, "2", 'a "b"')]


def test_csv_with_one_column_of_values_and_one_of_kinds() -> None:
    text = f"type,hash,removed\nPDQ,{PDQ},\nvideo_md5,{MD5},yes\ncrc32,0badc0de,\n"
    assert read("csv", text) == [
        HashEntry("pdq", PDQ),
        HashEntry("md5", MD5, deleted=True),
        Problem(4, "the kind of the hash is not known"),
    ]


def test_csv_without_a_header_tells_hashes_by_their_length() -> None:
    assert read(
        "csv", f"{MD5},some words,{SHA1}\n\nonly words,\n{PDQ},\n"
    ) == [
        HashEntry("md5", MD5),
        HashEntry("sha1", SHA1),
        Problem(3, "the row has no hash"),
        HashEntry("pdq", PDQ),
    ]


def test_csv_names_the_line_of_each_problem_and_reads_on() -> None:
    text = (
        "# made on Monday\n"
        "md5,sha1,source\n"
        f"{MD5},,\n"
        f"{MD5[:-1]},{SHA1},\n"
        "\n"
        f"{MD5[:-1]}g,,\n"
        f'{MD5},,"over\ntwo lines"\n'
        f'{MD5},,"never closed\n'
        f"{MD5},,after\n"
        f'{MD5},"x"y,\n'
        ",,nobody\n"
        f"{'0' * 32},,\n"
        f"{hashlib.md5(b'').hexdigest()},,\n"
        f"{MD5}\n"
    )
    assert read("csv", text) == [
        HashEntry("md5", MD5),
        Problem(4, "the md5 has 31 characters instead of 32"),
        HashEntry("sha1", SHA1),
        Problem(6, "the md5 is not hexadecimal"),
        HashEntry("md5", MD5, source="over\ntwo lines"),
        Problem(9, "a quote is not closed"),
        HashEntry("md5", MD5, source="after"),
        Problem(11, "the row cannot be read: ',' expected after '\"'"),
        Problem(12, "the row has no hash"),
        Problem(13, "the md5 is all zeros"),
        Problem(14, "the md5 is that of an empty file"),
        HashEntry("md5", MD5),
    ]


def test_csv_takes_off_the_guard_against_formulas() -> None:
    assert read("csv", f"md5,source\n{MD5},'=1+1\n") == [
        HashEntry("md5", MD5, source="=1+1")
    ]


@pytest.mark.parametrize(
    ("quality", "wanted"),
    [("0", 0), ("100", 100), ("101", None), ("-1", None), ("²", None)],
)
def test_a_quality_is_a_percentage(quality: str, wanted: int | None) -> None:
    assert read("csv", f"pdq,quality\n{PDQ},{quality}\n") == [
        HashEntry("pdq", PDQ, quality=wanted)
    ]


def test_the_hashes_of_nothing_are_those_of_an_empty_file() -> None:
    assert {
        hashlib.new(name).hexdigest() for name in ("md5", "sha1", "sha256")
    } == OF_NOTHING


def test_lines_bare_with_a_prefix_and_as_md5sum_prints_them() -> None:
    text = (
        f"# a list\n\n{MD5}\n{SHA1.upper()}  holiday.jpg\nPDQ:{PDQ}\nsha256: {SHA256}\n{PHASH}\r\n"
        f"{MD5}0\nmd4:{MD5}\npdq:{MD5}\nnot a hash\npdq:\n"
    )
    assert read("lines", text) == [
        HashEntry("md5", MD5),
        HashEntry("sha1", SHA1),
        HashEntry("pdq", PDQ),
        HashEntry("sha256", SHA256),
        HashEntry("phash", PHASH),
        Problem(8, "the line is not a hash of a known kind and length"),
        Problem(9, "the line is not a hash of a known kind and length"),
        Problem(10, "the pdq has 32 characters instead of 64"),
        Problem(11, "the line is not a hash of a known kind and length"),
        Problem(12, "the pdq has 0 characters instead of 64"),
    ]


def test_64_bare_digits_are_pdq_where_all_have_half_their_bits_set() -> None:
    pdq = [f"{(1 << 128) - 1 << shift:064x}" for shift in range(9)]
    sha256 = [hashlib.sha256(bytes([n])).hexdigest() for n in range(9)]
    assert {entry[0] for entry in read("lines", "\n".join(pdq))} == {"pdq"}
    assert {entry[0] for entry in read("lines", "\n".join(sha256))} == {
        "sha256"
    }
    assert {entry[0] for entry in read("csv", ",x\n".join([*pdq, ""]))} == {
        "pdq"
    }
    assert {entry[0] for entry in read("csv", ",x\n".join([*sha256, ""]))} == {
        "sha256"
    }


@pytest.mark.parametrize("count", [1, 99, 1000, 1001, 2500])
def test_no_line_is_lost_between_the_sample_and_the_rest(count: int) -> None:
    bare = "".join(
        hashlib.md5(str(n).encode()).hexdigest() + "\n" for n in range(count)
    )
    assert [entry.value for entry in read("lines", bare)] == bare.split()
    rows = bare.replace("\n", ",x\n")
    assert [entry.value for entry in read("csv", rows)] == bare.split()
    assert len(read("csv", "md5\n" + bare)) == count


MEDIUM = {
    "MediaID": 12,
    "Category": 1,
    "MD5": MD5.upper(),
    "SHA1": SHA1,
    "PhotoDNA": base64.b64encode(PHOTODNA).decode(),
    "MediaSize": 5,
    "DateUpdated": "2023-06-07T02:31:49.8300Z",
    "RelativeFilePath": "private\\name.jpg",
    "MediaFiles": [
        {"FileName": "name.jpg", "FilePath": "C:\\private", "MD5": "0" * 32}
    ],
    "AlternativeHashes": [
        {"HashName": "PDQ", "HashValue": PDQ},
        {"HashName": "F1", "HashValue": "1"},
    ],
    "Tags": 'with "Media": [ in it',
}
SET = "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/Default/$metadata#Media"
CASES = "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/US/$metadata#Cases"
OLD = "http://github.com/ICMEC/ProjectVic/DataModels/1.3.xml#Media"


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "document",
    [
        {"@odata.context": SET, "value": [MEDIUM]},
        {"odata.metadata": OLD, "value": [MEDIUM]},
        {
            "@odata.context": CASES,
            "value": [{"CaseID": "1", "Media": [MEDIUM], "x": [{}]}],
        },
        {
            "value": [{"CaseID": "1", "Media": [MEDIUM]}],
            "@odata.context": CASES,
        },
        {
            "@odata.context": SET,
            "more": {"value": [1, 2]},
            "value": [MEDIUM],
            "count": 1,
        },
    ],
)
def test_vics_gives_hashes_and_no_names(
    document: object, indent: int | None
) -> None:
    shared = {"category": "1", "entry_ref": "12", "dated": date(2023, 6, 7)}
    found = read("vics", json.dumps(document, indent=indent))
    assert found == [
        HashEntry("md5", MD5, **shared),
        HashEntry("sha1", SHA1, **shared),
        HashEntry("photodna", PHOTODNA.hex(), **shared),
        HashEntry("pdq", PDQ, **shared),
    ]
    assert "private" not in str(found)


def test_vics_larger_than_a_block_and_its_lines() -> None:
    media = [
        {
            "MediaID": n,
            "MD5": hashlib.md5(str(n).encode()).hexdigest(),
            "Series": "š" * 900,
        }
        for n in range(1500)
    ]
    media[700]["MD5"] = "short"
    media[1400] = {"MediaID": 1400, "Name": "no hash"}
    text = f'{{"@odata.context": "{SET}",\n"value": [\n'
    text += (
        ",\n".join(json.dumps(medium, ensure_ascii=False) for medium in media)
        + "\n]}"
    )
    found = read("vics", text)
    assert len(found) == 1500
    assert [entry for entry in found if isinstance(entry, Problem)] == [
        Problem(703, "the md5 has 5 characters instead of 32"),
        Problem(1403, "the medium has no hash"),
    ]


@pytest.mark.parametrize("kept", [0.3, 0.7, 0.9, 0.999])
def test_a_file_that_was_cut_off_is_not_taken_for_a_whole_list(
    kept: float,
) -> None:
    whole = json.dumps(
        {"@odata.context": SET, "value": [MEDIUM] * 900}, indent=1
    )
    with pytest.raises(
        InvalidInput, match=r"^Line \d+: the JSON is broken or ends too early"
    ):
        read("vics", whole[: int(len(whole) * kept)])


def test_json_of_absurd_depth_or_size_is_refused() -> None:
    head = f'{{"@odata.context": "{SET}", "value": '
    for text in (
        "[" * 200_000,
        '{"value":[' * 3000,
        '[{"MD5": ' + "9" * 6000 + "}]}",
    ):
        with pytest.raises(InvalidInput, match="JSON"):
            list(parse_entries("vics", io.BytesIO((head + text).encode())))


NCMEC = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2">
  <images count="3" maxTimestamp="2026-10-24T15:10:00Z">
    <image>
      <member id="42">Example &amp; Member</member>
      <timestamp>2026-10-24T15:00:00Z</timestamp>
      <id>image1</id>
      <classification>A1</classification>
      <fingerprints><md5>{MD5}</md5><sha1>{SHA1}</sha1><pdq>{PDQ}</pdq>
        <pdna>{",".join(str(n) for n in PHOTODNA)}</pdna><tmk_pdqf>AAAA</tmk_pdqf></fingerprints>
    </image>
    <image>
      <member id="42">Example</member><id>image2</id>
      <fingerprints><md5>{MD5[:9]}</md5></fingerprints>
    </image>
    <deletedImage>
      <member id="43">Other</member>
      <id>image4</id>
      <timestamp>2026-10-24T15:10:00Z</timestamp>
    </deletedImage>
  </images>
  <videos count="2" maxTimestamp="2026-10-25T15:20:00Z">
    <video><member id="42">Example</member><id>video1</id>
      <fingerprints><netclean>x</netclean></fingerprints></video>
    <video><member id="42">Example</member></video>
  </videos>
  <paging><next>/v2/entries?from=2026&amp;start=2001</next></paging>
</queryResult>
"""


def test_ncmec_page_with_tombstones_and_the_next_page() -> None:
    shared = {
        "category": "A1",
        "source": "Example & Member",
        "entry_ref": "42:image1",
        "dated": date(2026, 10, 24),
    }
    assert read("ncmec", NCMEC) == [
        HashEntry("md5", MD5, **shared),
        HashEntry("sha1", SHA1, **shared),
        HashEntry("pdq", PDQ, **shared),
        HashEntry("photodna", PHOTODNA.hex(), **shared),
        Problem(12, "the md5 has 9 characters instead of 32"),
        HashEntry(
            "",
            "",
            source="Other",
            entry_ref="43:image4",
            dated=date(2026, 10, 24),
            deleted=True,
        ),
        Problem(23, "the medium has no hash of a known kind"),
        Problem(25, "the medium has no id"),
    ]
    page = read_page(io.BytesIO(NCMEC.encode()))
    assert page.next == "/v2/entries?from=2026&start=2001"
    assert page.newest == "2026-10-25T15:20:00Z"
    assert len(page.found) == 8


def test_the_last_page_names_no_other() -> None:
    page = read_page(
        io.BytesIO(
            b'<queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2"/>'
        )
    )
    assert (page.found, page.next, page.newest) == ([], "", "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            '<!DOCTYPE queryResult [<!ENTITY a "aaa">]><queryResult>&a;</queryResult>',
            "document type",
        ),
        (
            '<!DOCTYPE queryResult SYSTEM "file:///etc/passwd"><queryResult/>',
            "document type",
        ),
        ("<queryResult>&undefined;</queryResult>", "broken"),
        (NCMEC[: len(NCMEC) // 2], "broken or ends too early"),
        ("<html>hashsharing is down</html>", "not a page"),
        ("", "broken"),
    ],
)
def test_xml_that_is_no_page_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        list(parse_entries("ncmec", io.BytesIO(text.encode())))


RECORDS = [
    {
        "id": "1",
        "indicator": {"indicator": PDQ, "type": "HASH_PDQ"},
        "status": "MALICIOUS",
        "owner": {"id": "2", "name": "Partner"},
        "last_updated": 1772323200,
    },
    {
        "id": 2,
        "type": "HASH_VIDEO_MD5",
        "indicator": MD5,
        "should_delete": True,
    },
    {
        "type": "HASH_SHA256",
        "raw_indicator": SHA256,
        "status": "NON_MALICIOUS",
    },
    {
        "signal_type": "video_md5",
        "signal": MD5,
        "category": "B2",
        "source": "x",
    },
    {"type": "URI", "indicator": "https://host.example/"},
    {"type": "HASH_MD5", "indicator": "abc"},
    {"type": "HASH_MD5"},
]
TAKEN = [
    HashEntry("pdq", PDQ, "MALICIOUS", "Partner", "1", date(2026, 3, 1)),
    HashEntry("md5", MD5, entry_ref="2", deleted=True),
    HashEntry("sha256", SHA256, "NON_MALICIOUS", deleted=True),
    HashEntry("md5", MD5, "B2", "x"),
]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("\n".join(json.dumps(record) for record in RECORDS), [5, 6, 7]),
        (json.dumps(RECORDS), [1, 1, 1]),
        (
            json.dumps(
                {"data": RECORDS, "paging": {"next": "https://graph.example/"}}
            ),
            [1, 1, 1],
        ),
    ],
)
def test_threatexchange_in_its_three_shapes(
    text: str, lines: list[int]
) -> None:
    reasons = (
        "the record is not a hash of a known type",
        "the md5 has 3 characters instead of 32",
        "the record has no hash",
    )
    problems = [
        Problem(line, reason)
        for line, reason in zip(lines, reasons, strict=True)
    ]
    assert read("threatexchange", text) == [*TAKEN, *problems]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "hello\n",
        "\x00\x01\x02",
        "a,b,c\n1,2,3\n",
        "<html></html>",
        "%PDF-1.7",
    ],
)
def test_what_is_no_list_is_not_taken_for_one(text: str) -> None:
    with pytest.raises(
        InvalidInput, match=r"x\.bin is no known format.*csv, lines"
    ):
        detect_format(text.encode(), "x.bin")


def test_files_that_cannot_be_lines_are_refused() -> None:
    for name in ("csv", "lines", "ndjson"):
        with pytest.raises(InvalidInput, match="longer than"):
            list(parse_entries(name, io.BytesIO(b"x" * (3 << 20))))
        with pytest.raises(InvalidInput, match="UTF-16"):
            list(parse_entries(name, io.BytesIO("md5\n".encode("utf-16"))))
    with pytest.raises(InvalidInput, match="neither a header"):
        list(parse_entries("csv", io.BytesIO(b"a,b\n1,2\n")))
    with pytest.raises(InvalidInput, match="no format 'xls'"):
        parse_entries("xls", io.BytesIO())


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-03-01", date(2026, 3, 1)),
        ("2026-03-01T23:59:59.1Z", date(2026, 3, 1)),
        ("2026/03/01", date(2026, 3, 1)),
        ("01.03.2026", date(2026, 3, 1)),
        ("1772323200", date(2026, 3, 1)),
        ("31.02.2026", None),
        ("March", None),
        ("", None),
        ("9" * 10, date(2286, 11, 20)),
    ],
)
def test_dates(text: str, wanted: date | None) -> None:
    assert parse_day(text) == wanted
