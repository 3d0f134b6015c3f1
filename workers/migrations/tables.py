"""Every table of the service in one metadata: a table is known once its module is imported."""

from __future__ import annotations

from sqlalchemy import MetaData

import hotline.accounts.approvals.models
import hotline.accounts.models
import hotline.accounts.oidc.models
import hotline.accounts.preferences
import hotline.core.jobs.asked_servers
import hotline.core.jobs.circuit
import hotline.core.storage.audit
import hotline.core.storage.backup_runs
import hotline.core.storage.crypto
import hotline.core.storage.keys.key_rotations
import hotline.core.storage.keys.own_keys
import hotline.core.storage.machine
import hotline.core.storage.outbox
import hotline.core.storage.reference_numbers
import hotline.core.storage.servers.presence
import hotline.core.storage.servers.served_schema
import hotline.core.storage.servers.write_mark
import hotline.intake.models  # noqa: F401
import partners.console.written
import partners.directory.models
import partners.duty.models
import partners.manual.models
import partners.notices.models
import partners.plans.by_hand
import partners.referrals.models
import partners.replaced_links
import partners.sending.models
import partners.watching.models  # noqa: F401
import triage.cases.bulk.models
import triage.cases.examination.second_look
import triage.cases.handling.models
import triage.cases.keeping.models
import triage.cases.listing.mark_triggers
import triage.cases.models
import triage.cases.people.models
import triage.cases.quality.models
import triage.console.queue.saved_views
import triage.console.search.written
import triage.hashlists.models
import triage.hashlists.uploads.models
import triage.items.models
import triage.prints.models
import triage.rulebook.models
import triage.viewing.models  # noqa: F401
import workers.statistics.models  # noqa: F401
from hotline.core.storage.database import Base

metadata: MetaData = Base.metadata
