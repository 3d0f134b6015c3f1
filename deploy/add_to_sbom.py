"""Add a Debian package, whose programs the image holds, to its list of components (CycloneDX).

``add_to_sbom.py LIST PACKAGE VERSION LICENCE`` writes the list anew, checked against its schema.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator


def main(path: str, package: str, version: str, licence: str) -> None:
    document = json.loads(Path(path).read_text("utf-8"))
    name = f"pkg:deb/debian/{package}@{version}"
    document["components"].append(
        {
            "bom-ref": name,
            "type": "application",
            "name": package,
            "version": version,
            "licenses": [{"license": {"id": licence}}],
            "purl": name,
        }
    )
    document["dependencies"].append({"ref": name})
    written = json.dumps(document, indent=2) + "\n"
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(written)
    if fault:
        sys.exit(f"{path} would be no CycloneDX: {fault!r}")
    Path(path).write_text(written, "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
