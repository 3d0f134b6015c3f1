"""Versions that may run on the schema that is there, by the newest schema that each knows."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.storage.database import Base, short_text


class ServedSchema(Base):
    """Written by whoever migrates; read by each process that starts on a schema newer than its."""

    __tablename__ = "served_schema"

    revision: Mapped[str] = mapped_column(short_text(32), primary_key=True)
