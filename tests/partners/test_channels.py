"""The one registry of channels: a module is all that a new channel needs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hotline.core.act import Act
from hotline.core.errors import InvalidInput, Unavailable
from partners import channels, words
from partners.channels.base import (
    Message,
    build_channels,
    channel_kinds,
    channel_names,
)
from partners.directory.models import Partner
from partners.directory.service import set_contact
from tests.support.house import House


def _message(address: str) -> Message:
    return Message("m@x", address, "Referral", "text", {"reference": "R-1"})


def test_every_channel_of_the_house_is_there() -> None:
    assert set(channel_kinds()) == {"cloudflare", "email", "http"}
    assert channel_names()[-1] == "none"


@pytest.mark.usefixtures("pigeon")
def test_a_module_is_all_that_a_channel_needs(house: House) -> None:
    partner = house.partner()
    settings = house.context.settings
    assert "pigeon" in channel_names()
    assert words.channel_label("pigeon") == "Pigeon"
    with house.context.database.writing() as session:
        act = Act(session, house.context, "x", house.now)
        row = session.get_one(Partner, partner.id)
        with pytest.raises(InvalidInput, match="not a loft"):
            set_contact(act, row, channel="pigeon", address="desk@x.example")
        set_contact(act, row, channel="pigeon", address="loft 3")
        assert (row.channel, row.address, row.approved_at) == (
            "pigeon",
            "loft 3",
            None,
        )
    with pytest.raises(Unavailable, match="Set HOTLINE_CONTROL_URL"):
        build_channels(settings).send("pigeon", _message("loft 3"))
    loft = settings.model_copy(update={"control_url": "https://loft.example"})
    opened = build_channels(loft)
    answer = opened.send("pigeon", _message("loft 3"))
    assert answer == {"reference": "ring of loft 3"}
    assert opened.server_of("pigeon", "loft 3") == "the loft"


@pytest.mark.parametrize("name", ["email", "none", "", "much-too-long-a-name"])
def test_a_name_that_is_taken_or_does_not_fit_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pigeon_module: str,
    name: str,
) -> None:
    (tmp_path / "zebra.py").write_text(
        pigeon_module.replace('"pigeon"', repr(name))
    )
    monkeypatch.setattr(
        channels, "__path__", [*channels.__path__, str(tmp_path)]
    )
    channel_kinds.cache_clear()
    with pytest.raises(ValueError, match="channel's name"):
        channel_kinds()
    channel_kinds.cache_clear()
    sys.modules.pop("partners.channels.zebra", None)


def test_cloudflare_is_a_channel_of_the_directory_too(house: House) -> None:
    kind = channel_kinds()["cloudflare"]
    settings = house.context.settings
    assert words.channel_label("cloudflare") == "Cloudflare"
    assert not kind.is_set_up(settings)
    own = settings.model_copy(update={"cloudflare_account": "acc1"})
    assert kind.address_fault("acc1", own) == ""
    assert kind.address_fault("other", own)
    assert kind.address_fault("", settings)


@pytest.mark.parametrize(
    ("address", "sandbox", "good"),
    [
        ("https://partner.example/referrals", False, True),
        ("http://partner.example/referrals", False, False),
        ("http://partner.example/referrals", True, True),
        ("ftp://partner.example/", True, False),
        ("https://", True, False),
        ("https://a b/", True, False),
    ],
)
def test_a_partner_s_endpoint_speaks_https(
    house: House, address: str, sandbox: bool, good: bool
) -> None:
    networks = ("127.0.0.0/8",) if sandbox else ()
    settings = house.context.settings.model_copy(
        update={"fetch_allowed_networks": networks}
    )
    fault = channel_kinds()["http"].address_fault(address, settings)
    assert (fault == "") is good


def test_a_channel_that_is_gone_keeps_its_stored_name() -> None:
    assert words.channel_label("telex") == "telex"
