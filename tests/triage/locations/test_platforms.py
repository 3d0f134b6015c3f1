"""Platforms: every form of an address of one content agrees, and the data file is sound."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotline.core.errors import Misconfigured
from triage.locations import identify_one
from triage.locations.catalogue import load_platforms
from triage.locations.identify import is_shortener

MEGA_KEY = "A" * 43
FOLDER_KEY = "B" * 22
FOLDER = "1zYxWvUtSrQpOnMlKjIhGfEdCbA543210"
DRIVE = "1aBcDeFgHiJkLmNoPqRsTuVwXyZ012345"
INVITE = "AbCdEfGhIjKlMnOpQrStUv"

AGREE: dict[tuple[str, str], list[str]] = {
    ("youtube", "dQw4w9WgXcQ"): [
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
        "https://m.youtube.com/watch?feature=share&v=dQw4w9WgXcQ&t=42s&list=PL1",
        "https://youtu.be/dQw4w9WgXcQ?si=abc",
        "https://www.youtube.com/shorts/dQw4w9WgXcQ",
        "https://www.youtube.com/live/dQw4w9WgXcQ?feature=share",
        "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?rel=0",
        "https://music.youtube.com/watch?v=dQw4w9WgXcQ",
        "youtube.com/v/dQw4w9WgXcQ",
        "vnd.youtube:dQw4w9WgXcQ",
    ],
    ("youtube", "@somebody"): [
        "https://www.youtube.com/@SomeBody",
        "https://youtube.com/@somebody/videos",
        "YouTube: @somebody",
    ],
    ("x", "1234567890"): [
        "https://x.com/somebody/status/1234567890",
        "https://twitter.com/somebody/status/1234567890?s=20&t=AbC",
        "https://mobile.twitter.com/other/status/1234567890/photo/1",
        "https://x.com/i/web/status/1234567890",
        "https://x.com/i/status/1234567890",
        "twitter://status?id=1234567890",
    ],
    ("x", "@somebody"): [
        "https://x.com/SomeBody",
        "https://www.twitter.com/somebody/media",
        "https://twitter.com/intent/user?screen_name=somebody",
        "twitter: @somebody",
        "twitter://user?screen_name=somebody",
    ],
    ("instagram", "CxYz12_-abc"): [
        "https://www.instagram.com/p/CxYz12_-abc/",
        "https://instagram.com/reel/CxYz12_-abc?igsh=abc",
        "https://www.instagram.com/somebody/p/CxYz12_-abc/?img_index=2",
        "https://instagr.am/p/CxYz12_-abc",
        "https://www.instagram.com/tv/CxYz12_-abc/embed/captioned/",
    ],
    ("instagram", "@some.body"): [
        "https://www.instagram.com/Some.Body/",
        "https://instagram.com/some.body?igshid=abc",
        "instagram://user?username=some.body",
        "ig: some.body",
        "Instagram @some.body",
    ],
    ("facebook", "video/1234567890123"): [
        "https://www.facebook.com/watch/?v=1234567890123",
        "https://m.facebook.com/watch/?v=1234567890123&mibextid=x",
        "https://www.facebook.com/some.body/videos/1234567890123/",
        "https://fb.com/reel/1234567890123",
    ],
    ("facebook", "post/100/987"): [
        "https://www.facebook.com/permalink.php?story_fbid=987&id=100",
        "https://mbasic.facebook.com/story.php?id=100&story_fbid=987&refid=17",
        "https://facebook.com/100/posts/987",
    ],
    ("facebook", "@some.body"): [
        "https://www.facebook.com/Some.Body",
        "https://web.facebook.com/some.body/photos?_rdc=1",
        "https://m.me/some.body",
        "fb: some.body",
    ],
    ("facebook", "id/100012345678"): [
        "https://www.facebook.com/profile.php?id=100012345678",
        "https://m.facebook.com/profile.php?id=100012345678&fref=x",
        "https://www.facebook.com/people/Some-Body/100012345678/",
        "fb://profile/100012345678",
    ],
    ("tiktok", "7123456789012345678"): [
        "https://www.tiktok.com/@some.body/video/7123456789012345678",
        "https://m.tiktok.com/v/7123456789012345678.html?_r=1",
        "https://www.tiktok.com/embed/v2/7123456789012345678",
        "https://www.tiktok.com/@other/photo/7123456789012345678?is_from_webapp=1",
    ],
    ("tiktok", "@some.body"): [
        "https://www.tiktok.com/@Some.Body?lang=en",
        "tiktok: @some.body",
    ],
    ("telegram", "@some_body"): [
        "https://t.me/Some_Body",
        "t.me/some_body",
        "http://telegram.me/some_body",
        "https://telegram.dog/some_body",
        "https://t.me/s/some_body",
        "https://some_body.t.me",
        "tg://resolve?domain=some_body",
        "tg:resolve?domain=some_body",
        "https://web.telegram.org/k/#@some_body",
        "https://web.telegram.org/a/#@some_body",
        "https://web.telegram.org/#/im?p=@some_body",
        "Telegram: @some_body",
        "tg @some_body",
        "telegram account: some_body",
    ],
    ("telegram", "some_body/77"): [
        "https://t.me/some_body/77",
        "https://t.me/s/some_body/77?single",
        "tg://resolve?domain=some_body&post=77",
    ],
    ("telegram", f"invite/{INVITE}"): [
        f"https://t.me/+{INVITE}",
        f"https://t.me/joinchat/{INVITE}",
        f"https://telegram.me/joinchat/{INVITE}",
        f"tg://join?invite={INVITE}",
    ],
    ("telegram", "c/1234567890/55"): [
        "https://t.me/c/1234567890/55",
        "https://t.me/c/1234567890/9/55",
        "tg://privatepost?channel=1234567890&post=55",
    ],
    ("telegram", "c/1234567890"): [
        "https://web.telegram.org/k/#-1001234567890",
        "https://t.me/c/1234567890",
    ],
    ("telegram", "id/424242"): [
        "tg://user?id=424242",
        "tg://openmessage?user_id=424242",
    ],
    ("telegram", "+355692123456"): [
        "https://t.me/+355692123456",
        "tg://resolve?phone=355692123456",
    ],
    ("discord", "invite/AbCd12"): [
        "https://discord.gg/AbCd12",
        "https://discord.com/invite/AbCd12",
        "https://discordapp.com/invite/AbCd12?event=1",
        "discord://-/invite/AbCd12",
    ],
    ("discord", "1/2/3"): [
        "https://discord.com/channels/1/2/3",
        "https://ptb.discord.com/channels/1/2/3",
        "https://canary.discordapp.com/channels/1/2/3",
    ],
    ("discord", "11/22/a.png"): [
        "https://cdn.discordapp.com/attachments/11/22/a.png?ex=65&is=64&hm=ab",
        "https://media.discordapp.net/attachments/11/22/a.png?ex=99&is=98&hm=cd&width=400",
    ],
    ("discord", "@somebody#1234"): ["discord: SomeBody#1234", "somebody#1234"],
    ("reddit", "abc123"): [
        "https://www.reddit.com/r/somewhere/comments/abc123/a_title/",
        "https://old.reddit.com/r/somewhere/comments/abc123",
        "https://redd.it/abc123",
        "https://www.reddit.com/gallery/abc123",
        "https://reddit.com/comments/abc123?utm_medium=web2x",
    ],
    ("reddit", "@some_body"): [
        "https://www.reddit.com/user/Some_Body/",
        "https://old.reddit.com/u/some_body/submitted",
    ],
    ("snapchat", "@some.body"): [
        "https://www.snapchat.com/add/Some.Body",
        "https://www.snapchat.com/@some.body",
        "https://story.snapchat.com/@some.body",
        "snapchat://add/some.body",
        "snap: some.body",
        "Snapchat username: some.body",
    ],
    ("whatsapp", "+355692123456"): [
        "https://wa.me/355692123456",
        "https://wa.me/+355692123456?text=hi",
        "https://api.whatsapp.com/send?phone=355692123456&text=x",
        "whatsapp://send?phone=355692123456",
    ],
    ("whatsapp", f"invite/{INVITE}"): [
        f"https://chat.whatsapp.com/{INVITE}",
        f"https://chat.whatsapp.com/invite/{INVITE}",
        f"whatsapp://chat?code={INVITE}",
    ],
    ("google-drive", DRIVE): [
        f"https://drive.google.com/file/d/{DRIVE}/view?usp=sharing",
        f"https://drive.google.com/open?id={DRIVE}",
        f"https://drive.google.com/uc?export=download&id={DRIVE}",
        f"https://docs.google.com/uc?id={DRIVE}",
        f"https://drive.usercontent.google.com/download?id={DRIVE}&confirm=t",
    ],
    ("google-drive", f"folder/{FOLDER}"): [
        f"https://drive.google.com/drive/folders/{FOLDER}?usp=sharing",
        f"https://drive.google.com/drive/u/1/folders/{FOLDER}",
        f"https://drive.google.com/folderview?id={FOLDER}",
    ],
    ("mega", "file/aBcDeFgH"): [
        f"https://mega.nz/file/aBcDeFgH#{MEGA_KEY}",
        f"https://mega.nz/#!aBcDeFgH!{MEGA_KEY}",
        f"https://mega.co.nz/#!aBcDeFgH!{MEGA_KEY}",
        f"https://mega.nz/embed/aBcDeFgH#{MEGA_KEY}",
        f"https://mega.nz/embed#!aBcDeFgH!{MEGA_KEY}",
        "https://mega.nz/file/aBcDeFgH",
        "https://mega.nz/#!aBcDeFgH",
    ],
    ("mega", "folder/aBcDeFgH"): [
        f"https://mega.nz/folder/aBcDeFgH#{FOLDER_KEY}",
        f"https://mega.nz/#F!aBcDeFgH!{FOLDER_KEY}",
        "https://mega.nz/folder/aBcDeFgH",
    ],
    ("mega", "folder/aBcDeFgH/iJkLmNoP"): [
        f"https://mega.nz/folder/aBcDeFgH#{FOLDER_KEY}/file/iJkLmNoP",
        f"https://mega.nz/#F!aBcDeFgH!{FOLDER_KEY}!iJkLmNoP",
    ],
    ("dropbox", "abcdefghij12345"): [
        "https://www.dropbox.com/s/abcdefghij12345/a.jpg?dl=0",
        "https://www.dropbox.com/s/abcdefghij12345/a.jpg?dl=1",
        "https://dl.dropboxusercontent.com/s/abcdefghij12345/a.jpg",
    ],
    ("dropbox", "fi/abcdefghij12345"): [
        "https://www.dropbox.com/scl/fi/abcdefghij12345/a.jpg?rlkey=zzz&st=q&dl=0",
        "https://www.dropbox.com/scl/fi/abcdefghij12345/a.jpg?rlkey=zzz&raw=1",
    ],
    ("imgur", "aBcDeFg"): [
        "https://imgur.com/aBcDeFg",
        "https://i.imgur.com/aBcDeFg.jpg",
        "https://i.imgur.com/aBcDeFgh.png",
        "https://m.imgur.com/aBcDeFg",
    ],
    ("imgur", "album/aBcDe"): [
        "https://imgur.com/a/aBcDe",
        "https://imgur.com/gallery/some-title-aBcDe",
    ],
    ("vimeo", "123456789"): [
        "https://vimeo.com/123456789",
        "https://player.vimeo.com/video/123456789?h=abcdef0123",
        "https://vimeo.com/channels/staff/123456789",
        "https://vimeo.com/123456789/abcdef0123",
    ],
    ("vk", "video-12_34"): [
        "https://vk.com/video-12_34",
        "https://m.vk.com/video-12_34",
        "https://vk.com/videos-12?z=video-12_34%2Fclub",
        "https://vk.com/video_ext.php?oid=-12&id=34&hash=ab",
    ],
    ("pixeldrain", "aBcDeFgH"): [
        "https://pixeldrain.com/u/aBcDeFgH",
        "https://pixeldrain.com/api/file/aBcDeFgH?download",
    ],
    ("signal", "+355692123456"): ["https://signal.me/#p/+355692123456"],
    ("twitch", "video/123456"): [
        "https://www.twitch.tv/videos/123456?t=1h",
        "https://m.twitch.tv/videos/123456",
    ],
    ("4chan", "b/123/456"): [
        "https://boards.4chan.org/b/thread/123/slug#p456"
    ],
}


@pytest.mark.parametrize(
    ("platform", "content", "texts"),
    [
        (platform, content, texts)
        for (platform, content), texts in AGREE.items()
    ],
)
def test_every_form_of_an_address_agrees(
    platform: str, content: str, texts: list[str]
) -> None:
    found = [identify_one(text) for text in texts]
    assert [(one.platform, one.content_id) for one in found] == [
        (platform, content)
    ] * len(texts)
    assert len({one.key for one in found}) == 1
    assert len({one.kind for one in found}) == 1
    for one in found:
        again = identify_one(one.canonical)
        assert (again.key, again.canonical) == (one.key, one.canonical)


def test_contents_of_the_table_are_all_different() -> None:
    keys = [identify_one(texts[0]).key for texts in AGREE.values()]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://youtu.be/dQw4w9WgXcQ", "https://youtu.be/dQw4w9WgXcq"),
        ("https://t.me/some_body", "https://t.me/some_body/1"),
        (f"https://t.me/+{INVITE}", f"https://t.me/+{INVITE.swapcase()}"),
        ("https://discord.gg/AbCd12", "https://discord.gg/abcd12"),
        (
            "https://www.reddit.com/comments/abc/x/def",
            "https://www.reddit.com/comments/abc/x/",
        ),
        ("telegram: @some_body", "snapchat: @some_body"),
        ("https://x.com/home", "https://x.com/somebody"),
        ("https://mega.nz/file/aBcDeFgH", "https://mega.nz/file/aBcDeFgh"),
        (
            "https://web.telegram.org/k/#@one_name",
            "https://web.telegram.org/k/#@two_name",
        ),
    ],
)
def test_different_content_stays_different(one: str, other: str) -> None:
    assert identify_one(one).key != identify_one(other).key


def test_what_only_fetching_needs_stays_in_the_canonical_form() -> None:
    mega = identify_one(f"https://mega.nz/#!aBcDeFgH!{MEGA_KEY}")
    assert mega.canonical == f"https://mega.nz/file/aBcDeFgH#{MEGA_KEY}"
    signed = identify_one(
        "https://cdn.discordapp.com/attachments/1/2/a.png?ex=1&is=2&hm=3"
    )
    assert signed.canonical.endswith("a.png?ex=1&hm=3&is=2")


def test_a_platform_page_without_a_rule_is_still_of_its_platform() -> None:
    page = identify_one("https://m.facebook.com/marketplace/item/1?ref=x")
    assert (page.platform, page.content_id) == ("facebook", None)
    assert page.canonical == "https://www.facebook.com/marketplace/item/1"
    assert (
        identify_one("https://www.google.al/search?q=x&ei=1").platform
        == "google-search"
    )
    assert (
        identify_one("https://notyoutube.com/watch?v=dQw4w9WgXcQ").platform
        is None
    )
    assert identify_one("https://youtube.com.evil.example/").platform is None


def test_at_least_forty_platforms_with_a_seat_and_reporting_channels() -> None:
    platforms = load_platforms().platforms.values()
    assert len(platforms) >= 40
    with_channel = [
        one for one in platforms if one.report_url or one.report_email
    ]
    assert len(with_channel) >= 40
    assert all(len(one.seat) == 2 and one.hosts for one in platforms)


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("https://bit.ly/abc", True),
        ("t.co/abc", True),
        ("https://www.reddit.com/r/somewhere/s/AbC", True),
        ("https://vm.tiktok.com/ZM1/", True),
        ("https://1drv.ms/u/s!AbCdEfGhIjKlMnOp", True),
        ("https://www.instagram.com/share/reel/BaCiUUUYQV", True),
        ("https://www.facebook.com/share/p/AbCdEfGhIj/", True),
        ("https://www.reddit.com/u/invented/s/AbCdEfGhIj", True),
        ("https://photos.app.goo.gl/AbCdEfGhIj", True),
        ("https://pin.it/AbCdEf", True),
        ("https://www.example.com/abc", False),
        ("https://youtu.be/dQw4w9WgXcQ", False),
        ("alice@bit.ly", False),
    ],
)
def test_shorteners_are_known(text: str, short: bool) -> None:
    assert is_shortener(identify_one(text)) is short


def _override(tmp_path: Path, name: str, text: str) -> Path:
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data" / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_an_operator_can_override_the_data(tmp_path: Path) -> None:
    directory = _override(
        tmp_path,
        "platforms.toml",
        """
[[platform]]
id = "ours"
name = "Ours"
seat = "AL"
hosts = ["pics.example"]
[[platform.rule]]
path = '/(?:view|p)/(?P<id>\\d+)'
content = "{id}"
canonical = "https://pics.example/p/{id}"
""",
    )
    catalogue = load_platforms(directory)
    assert load_platforms(directory) is catalogue
    found = identify_one(
        "http://www.pics.example/view/7?x=1", catalogue=catalogue
    )
    assert (found.platform, found.canonical) == (
        "ours",
        "https://pics.example/p/7",
    )


def test_all_faults_of_a_data_file_are_named_at_once(tmp_path: Path) -> None:
    directory = _override(
        tmp_path,
        "platforms.toml",
        """
[[platform]]
id = "one"
name = "One"
seat = "Albania"
hosts = ["a.example"]
colour = "red"
report_url = "http://a.example"
[[platform.rule]]
path = '/(unclosed'
content = "{missing}"
canonical = "https://a.example/"
[[platform]]
id = "one"
name = "Again"
seat = "AL"
hosts = ["a.example", 3]
""",
    )
    _override(tmp_path, "tracking.toml", 'dated = "lately"\n')
    with pytest.raises(Misconfigured) as caught:
        load_platforms(directory)
    message = str(caught.value)
    for words in (
        "'seat' is no ISO 3166-1 code: \"Albania\"",
        "unknown entry 'colour'",
        "'report_url' must begin with https://",
        "is not a pattern",
        "asks for a group that no pattern has",
        "repeats the id 'one'",
        "'hosts' must be a list of texts",
        "'dated' must be a date",
        "lacks 'source'",
    ):
        assert words in message


NAMING = frozenset(
    [
        "q",
        "query",
        "search",
        "keyword",
        "s",
        "id",
        "v",
        "p",
        "page",
        "post",
        "comment",
        "reply",
        "user",
        "user_id",
        "uid",
        "pid",
        "sid",
        "album",
        "photo",
        "video",
        "view",
        "filter",
        "before",
        "after",
    ]
)
"""Parameters by which sites say what is shown. X has "s" for how a link was shared."""


@pytest.mark.parametrize("platform", load_platforms().platforms)
def test_no_parameter_that_names_content_counts_as_tracking(
    platform: str,
) -> None:
    named = load_platforms().platforms[platform].drop & NAMING
    assert named == (frozenset("s") if platform == "x" else frozenset())


def test_a_word_of_a_site_s_own_is_nobody_s_account() -> None:
    catalogue = load_platforms()
    accounts = [
        address
        for platform in catalogue.platforms.values()
        for word in sorted(platform.reserved)
        if identify_one(
            address := f"https://{platform.home or platform.hosts[0]}/{word}"
        ).kind
        == "account"
    ]
    assert accounts == []
