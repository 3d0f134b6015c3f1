"""Every table of the service in one metadata: a table is known once its module is imported."""

from __future__ import annotations

from sqlalchemy import MetaData

import hotline.accounts.models
import hotline.core.audit
import hotline.core.circuit
import hotline.core.crypto
import hotline.core.machine
import hotline.core.numbers
import hotline.core.outbox
import hotline.intake.models  # noqa: F401
import partners.deliveries.models
import partners.directory.models
import partners.notices.models
import partners.referrals.models
import partners.watching.models  # noqa: F401
import triage.cases.models
import triage.hashlists.models
import triage.items.models  # noqa: F401
from hotline.core.database import Base

metadata: MetaData = Base.metadata
