"""X-ARF before version 4: the JSON form of 0.2, and versions 1 to 3 with the type ChildAbuse.

0.2 has flat fields in the manner of a mail's header; from 1 on a report has a part about who
reports and one about what (schemas of xarf-schemas 1 to 3, which differ in nothing read here).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from hotline.core.datafiles.shapes import parse_shape
from hotline.core.language.said_time import SaidTime
from hotline.intake.inbound.findings import (
    WEB_PORTS,
    Inbound,
    address_used,
    build_reports,
    stated_time,
    tell_fields,
)
from hotline.intake.registry.kinds import ReportKind
from hotline.intake.registry.vocabulary import ReporterRole

Short = Annotated[str, Field(max_length=300)]
Stated = Annotated[str, Field(min_length=1, max_length=300)]


class _Loose(BaseModel):
    """All versions allow fields of the sender's own."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, hide_input_in_errors=True
    )


class Flat(_Loose):
    """X-ARF 0.2: its YAML fields, as JSON, which is YAML too."""

    reported_from: Annotated[Stated, Field(alias="Reported-From")]
    category: Annotated[Literal["abuse"], Field(alias="Category")]
    report_type: Annotated[Stated, Field(alias="Report-Type")]
    report_id: Annotated[Stated, Field(alias="Report-ID")]
    date: Annotated[str, Field(alias="Date", min_length=1, max_length=80)]
    source: Annotated[str, Field(alias="Source", min_length=1)]
    source_type: Annotated[
        str, Field(alias="Source-Type", min_length=1, max_length=40)
    ]


class Reporter(_Loose):
    org: Annotated[Stated, Field(alias="ReporterOrg")]
    org_email: Annotated[Short, Field(alias="ReporterOrgEmail")] = ""
    contact_email: Annotated[Short, Field(alias="ReporterContactEmail")] = ""


class Offence(_Loose):
    """The part ``Report`` of a report about child abuse; its ``Samples`` are passed over unread."""

    report_class: Annotated[Literal["Content"], Field(alias="ReportClass")]
    report_type: Annotated[Literal["ChildAbuse"], Field(alias="ReportType")]
    date: Annotated[Stated, Field(alias="Date")]
    source_ip: Annotated[Short, Field(alias="SourceIp")] = ""
    source_port: Annotated[
        int | None, Field(alias="SourcePort", ge=1, le=65535)
    ] = None
    source_url: Annotated[str, Field(alias="SourceUrl")] = ""
    report_id: Annotated[Short, Field(alias="ReportID")] = ""
    samples: Annotated[list[Any], Field(alias="Samples")] = []


class Nested(_Loose):
    version: Annotated[
        str, Field(alias="Version", pattern=r"^[123](\.[0-9]{1,3}){0,2}$")
    ]
    reporter: Annotated[Reporter, Field(alias="ReporterInfo")]
    report: Annotated[Offence, Field(alias="Report")]


def read_early(
    document: Mapping[str, Any], more: Sequence[str] = ()
) -> tuple[Inbound, ...] | None:
    """The reports of a document; None where it is of none of these versions.

    ``more``: what its sender says beside the fields of its version, which ask for little.
    """
    if "ReporterInfo" in document and "Report" in document:
        return _read_nested(parse_shape(Nested, document), more)
    if "Report-ID" in document and "Source" in document:
        return _read_flat(parse_shape(Flat, document), more)
    return None


def _read_nested(document: Nested, more: Sequence[str]) -> tuple[Inbound, ...]:
    report, reporter = document.report, document.reporter
    said_at = stated_time(report.date)
    words = {
        "Reported by": reporter.org,
        "Type": f"X-ARF {document.version} {report.report_type}",
        "Seen": report.date,
        "Source": report.source_ip,
        "Source port": report.source_port,
        # They may be the very pictures. That there were some is told, so that
        # somebody can ask for their hashes.
        "Dropped unread": f"{len(report.samples)} samples"
        if report.samples
        else "",
    }
    return build_reports(
        locations=_list_places(report, said_at),
        lines=[*tell_fields(words), *more],
        words="\n".join(more),
        reference=report.report_id,
        kind=ReportKind.CSAM_IMAGE,
        role=ReporterRole.PROVIDER,
        contact=reporter.contact_email or reporter.org_email,
        seen=said_at,
    )


def _list_places(report: Offence, seen: SaidTime | None) -> list[str]:
    """With a page the source is the server that shows it, unless it has the port of a client."""
    page = [report.source_url] if report.source_url else []
    port = report.source_port
    if page and (port is None or port in WEB_PORTS):
        return page
    when = seen.text if seen is not None else ""
    # An address of a client is of use only with its port and its time: many
    # people share one.
    used = address_used(report.source_ip, str(port or ""), when)
    return page + ([used] if used else [])


def _read_flat(early: Flat, more: Sequence[str]) -> tuple[Inbound, ...]:
    words = {
        "Reported by": early.reported_from,
        "Type": early.report_type,
        "Seen": early.date,
        "Kind of source": early.source_type,
    }
    said_at = stated_time(early.date)
    used = address_used(early.source, "", said_at.text if said_at else "")
    return build_reports(
        # A source may also be a name or a page; then it stands for itself.
        locations=[used or early.source],
        lines=[*tell_fields(words), *more],
        words="\n".join(more),
        reference=early.report_id,
        role=ReporterRole.PROVIDER,
        contact=early.reported_from,
        seen=said_at,
    )
