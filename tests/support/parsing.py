"""Whether a reader of what others send ends as it must on any input: it reads, or it refuses."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hotline.core.errors import InvalidInput
from hotline.intake.inbound.findings import Inbound

Parse = Callable[[bytes], Sequence[Inbound]]


def is_read_or_refused(parse: Parse, raw: bytes) -> bool:
    """Read into reports that say something, or refused with a sentence; any other error passes."""
    try:
        reports = parse(raw)
    except InvalidInput as refusal:
        return bool(str(refusal))
    return all(
        report.submission.locations or report.submission.narrative
        for report in reports
    )
