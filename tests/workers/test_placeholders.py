"""No letter leaves with an example in the place of the hotline's own address."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hotline.core.context import Context
from hotline.core.errors import Unavailable
from hotline.core.setting_parts.placeholders import list_placeholders
from hotline.core.settings import load_settings
from partners.channels.base import Message
from workers import cli
from workers.queues.tools import Tools

OWN = {
    "contact_email": "desk@hotline.al",
    "mail_from": "notices@hotline.al",
    "hotline_domain": "hotline.al",
    "public_url": "https://report.hotline.al",
}
MESSAGE = Message("id@x", "desk@police.example", "s", "t", {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("contact_email", "desk@hotline.example"),
        ("contact_email", "desk@example.org"),
        ("mail_from", "notices@localhost"),
        ("hotline_domain", "hotline.test"),
        ("public_url", "http://127.0.0.1:8000"),
        ("public_url", "http://[::1]:8000"),
        ("public_url", "http://0.0.0.0:8000"),
        ("provider_url", "https://notices.hotline.example"),
    ],
)
def test_an_example_is_known_wherever_it_stands(name: str, value: str) -> None:
    assert name in list_placeholders(load_settings(**{**OWN, name: value}))


def test_own_names_are_no_examples() -> None:
    assert list_placeholders(load_settings(**OWN)) == []
    assert list_placeholders(load_settings())
    assert list_placeholders(load_settings(sandbox=True)) == []


def test_no_letter_leaves_with_an_example(
    make_context: Callable[..., Context],
) -> None:
    given = {**OWN, "contact_email": "desk@hotline.example"}
    tools = Tools(make_context(smtp_host="mail.hotline.al", **given))
    with pytest.raises(Unavailable, match="contact_email") as refused:
        tools.channels.send("email", MESSAGE)
    assert "config check" in str(refused.value)


@pytest.mark.parametrize("given", [OWN, {"sandbox": "true"}])
def test_what_is_set_or_a_trial_is_open(
    make_context: Callable[..., Context], given: dict[str, str]
) -> None:
    tools = Tools(
        make_context(
            smtp_host="127.0.0.1", smtp_port=1, smtp_security="none", **given
        )
    )
    with pytest.raises(Unavailable) as refused:
        tools.channels.send("email", MESSAGE)
    assert "examples" not in str(refused.value)


def test_the_check_of_the_configuration_names_them(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["config", "check"]) == 0
    assert "no letter leaves" in capfd.readouterr().out
    monkeypatch.setenv("HOTLINE_SMTP_HOST", "mail.hotline.al")
    assert cli.run(["config", "check"]) == 1
    assert "contact_email" in capfd.readouterr().err
    for name, value in OWN.items():
        monkeypatch.setenv(f"HOTLINE_{name.upper()}", value)
    assert cli.run(["config", "check"]) == 0
    assert "examples" not in capfd.readouterr().out
