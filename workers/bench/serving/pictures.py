"""A fast host on loopback: any number of addresses of a few generated pictures, each encoded anew.

Every address answers with bytes of its own (the encoder's quality changes, and a comment holds the
number), as copies do that went through many hands: no exact hash meets them, PDQ does.
"""

from __future__ import annotations

import hashlib
import io
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from triage.fingerprints.media import fingerprint_media
from workers.demo.pictures import alter_picture, draw_picture, encode_jpeg

NAMES = ("anchor", "barn", "canal", "dune", "elm", "ferry", "gate", "hill")
QUALITIES = (60, 70, 80, 92)
HOST, ADDRESS = "pictures.bench.test", "127.0.0.1"
PATH = re.compile(r"/(\d{1,9})\.jpg")


def known_list() -> io.BytesIO:
    """The pictures as a known-hash list in CSV has them: of altered copies."""
    lines = ["md5,sha1,pdq,category"]
    for name in NAMES:
        hashes = fingerprint_media(
            encode_jpeg(alter_picture(draw_picture(name)))
        )
        lines.append(f"{hashes.md5},{hashes.sha1},{hashes.pdq},baseline")
    written = "\n".join(lines)
    return io.BytesIO(written.encode())


def make_variants() -> list[bytes]:
    """Every picture at every quality."""
    return [
        encode_jpeg(draw_picture(name), quality)
        for quality in QUALITIES
        for name in NAMES
    ]


def copy_of(data: bytes, number: int) -> bytes:
    """The same JPEG with ``number`` in a comment behind its first marker."""
    comment = hashlib.sha256(str(number).encode()).digest()
    marker = b"\xff\xfe"
    # The length's own two bytes count, too.
    length = (len(comment) + 2).to_bytes(2)
    return data[:2] + marker + length + comment + data[2:]


@contextmanager
def serve_pictures() -> Iterator[str]:
    """Yields the beginning of every address; a number and ``.jpg`` follow it."""
    made = make_variants()

    def make_body(path: str) -> bytes:
        match = PATH.fullmatch(path)
        if match is None:
            return b""
        number = int(match[1])
        return copy_of(made[number % len(made)], number)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """It keeps no log."""

        def do_GET(self) -> None:
            body = make_body(self.path)
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "image/jpeg")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer((ADDRESS, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
