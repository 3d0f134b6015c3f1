"""The pieces of a file as one stream, read from the database a piece at a time."""

from __future__ import annotations

import io
import uuid
from bisect import bisect_right

from sqlalchemy import func, select

from hotline.core.storage.database import Database
from triage.hashlists.uploads.models import HashUploadPiece


class PieceStream(io.RawIOBase):
    """Readable and seekable, and never more than one piece in memory."""

    def __init__(self, database: Database, upload_id: uuid.UUID) -> None:
        super().__init__()
        self._database, self._upload_id = database, upload_id
        self._starts, self._end = self._measure()
        self._position = 0
        self._number, self._body = -1, b""

    def _measure(self) -> tuple[list[int], int]:
        """Where each piece begins, and where the last one ends."""
        starts: list[int] = []
        end = 0
        with self._database.reading() as session:
            sizes = session.scalars(
                select(func.length(HashUploadPiece.body))
                .where(HashUploadPiece.upload_id == self._upload_id)
                .order_by(HashUploadPiece.number)
            )
            for size in sizes:
                starts.append(end)
                end += size
        return starts, end

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {
            io.SEEK_SET: 0,
            io.SEEK_CUR: self._position,
            io.SEEK_END: self._end,
        }[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._position >= self._end:
            return 0
        # No more than what is left of one piece: a reader asks again for the
        # rest.
        number = bisect_right(self._starts, self._position) - 1
        body = self._load(number)
        begin = self._position - self._starts[number]
        part = body[begin : begin + len(buffer)]
        buffer[: len(part)] = part
        self._position += len(part)
        return len(part)

    def _load(self, number: int) -> bytes:
        if number != self._number:
            with self._database.reading() as session:
                body = session.scalar(
                    select(HashUploadPiece.body).where(
                        HashUploadPiece.upload_id == self._upload_id,
                        HashUploadPiece.number == number,
                    )
                )
            self._number, self._body = number, body or b""
        return self._body


def open_pieces(database: Database, upload_id: uuid.UUID) -> io.BufferedReader:
    """The file as the readers of formats want it."""
    # Parsers read line by line; without a buffer each line would be a look
    # into the piece.
    return io.BufferedReader(PieceStream(database, upload_id), 1 << 20)
