"""The receipt's page: its picture can be read, and it is filled in anew for each visitor."""

from __future__ import annotations

import base64
import re
from io import BytesIO
from typing import Any

import pytest
import zxingcpp
from apiflask import APIFlask
from flask import render_template
from PIL import Image

from hotline.core.context import Context
from hotline.core.storage.ids import new_receipt
from hotline.intake.flood import guard
from hotline.intake.form import pages
from hotline.intake.form.asking import form_fields
from hotline.intake.form.receipt import qr

CODE = re.compile(r'<code id="receipt">([^<]+)</code>')
PICTURE = re.compile(
    r'src="data:image/png;base64,([^"]+)" width="(\d+)" height="(\d+)"'
)


def opened(encoded: str) -> Image.Image:
    return Image.open(BytesIO(base64.b64decode(encoded)))


def test_every_receipt_can_be_read_by_a_camera() -> None:
    for _ in range(200):
        receipt = new_receipt()
        image = opened(qr.draw_receipt(receipt).partition(",")[2]).convert("L")
        # As a screen shows it, and not quite straight.
        seen = image.resize((198, 198)).rotate(
            7, expand=True, fillcolor=255, resample=2
        )
        (symbol,) = zxingcpp.read_barcodes(seen)
        assert symbol.text == receipt and symbol.ec_level == "M"
        quiet = [
            image.crop(edge)
            for edge in ((0, 0, 33, 4), (0, 29, 33, 33), (0, 0, 4, 33))
        ]
        assert image.size == (33, 33) and all(
            part.getextrema() == (255, 255) for part in quiet
        )


def test_a_smudged_symbol_is_still_read() -> None:
    receipt = new_receipt()
    image = (
        opened(qr.draw_receipt(receipt).partition(",")[2])
        .convert("L")
        .resize((198, 198))
    )
    image.paste(255, (126, 126, 150, 150))  # four by four modules of the data
    (symbol,) = zxingcpp.read_barcodes(image)
    assert symbol.text == receipt


def test_two_people_see_the_same_page_but_for_their_codes(person: Any) -> None:
    first, second = (
        person.send("/report/all?lang=en", narrative="x").text
        for _ in range(2)
    )
    codes = [CODE.search(page)[1] for page in (first, second)]
    assert codes[0] != codes[1]
    for page, code in zip((first, second), codes, strict=True):
        encoded, width, height = PICTURE.search(page).groups()
        image = opened(encoded).resize((int(width), int(height)))
        assert zxingcpp.read_barcode(image).text == code
    bare = [PICTURE.sub("", CODE.sub("", page)) for page in (first, second)]
    assert bare[0] == bare[1] and "mark-" not in first


@pytest.mark.parametrize("code", ["en", "sq", "mk"])
@pytest.mark.parametrize("danger", [True, False])
@pytest.mark.parametrize("support_for", [None, "child", "helper"])
@pytest.mark.parametrize("held", [True, False])
def test_what_is_filled_in_is_what_would_be_rendered(
    app: APIFlask, code: str, danger: bool, support_for: str | None, held: bool
) -> None:
    variant = {
        "danger": danger,
        "support_for": support_for,
        "held": held,
        "is_professional": danger,
    }
    own = {"receipt": "<b>&", "picture": 'data:"x"', "confirmation": '"'}
    with app.test_request_context(f"/?lang={code}"):
        wanted = render_template("public/receipt.html", **own, **variant)
        for _ in range(2):
            assert (
                pages.fill_page("public/receipt.html", own, variant) == wanted
            )


def test_an_empty_form_is_filled_in_for_each_visitor(
    app: APIFlask, context: Context
) -> None:
    """The token belongs to the visitor's own session, and the id to one submission."""
    for path in ("/report/where", "/report/all"):
        seen = set()
        for number in range(3):
            client = app.test_client()
            page = client.get(path, query_string={"lang": "en"}).text
            hidden = dict(
                re.findall(
                    r'<input type="hidden" name="(\w+)" value="([^"]*)"', page
                )
            )
            seen.add(
                tuple(
                    hidden[name]
                    for name in ("csrf_token", "form_id")
                    if name in hidden
                )
            )
            answer = client.post(
                path,
                data=hidden | {"narrative": "x", "locations": str(number)},
            )
            assert answer.status_code in (200, 302), answer.text
            assert form_fields.age_of(
                context, hidden.get("form_id", "")
            ) is not None or path.endswith("e")
        assert len(seen) == 3


def test_the_memory_for_pages_is_bounded(
    app: APIFlask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MAX_PAGES", 1)
    own = {"receipt": "R", "picture": "P", "confirmation": "C"}
    with app.test_request_context("/?lang=en"):
        for danger in (True, False):
            variant = {
                "danger": danger,
                "support_for": None,
                "held": False,
                "is_professional": False,
            }
            assert (
                pages.fill_page("public/receipt.html", own, variant).count(
                    ">R<"
                )
                == 1
            )
        assert len(app.extensions["hotline.intake.form.pages"]) == 1


def test_a_flood_is_told_on_its_own_receipts_alone(
    person: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "form_seconds", lambda: 0.0)
    calm = person.send("/report/all?lang=en", narrative="x").text
    monkeypatch.setattr(guard, "form_seconds", lambda: 3600.0)
    held = person.send("/report/all?lang=en", narrative="y").text
    monkeypatch.setattr(guard, "form_seconds", lambda: 0.0)
    after = person.send("/report/all?lang=en", narrative="z").text
    words = "Very many reports are coming in right now"
    assert [words in page for page in (calm, held, after)] == [
        False,
        True,
        False,
    ]
