"""Ground floor: settings, database, crypto, audit, outbox, errors."""

USER_AGENT = "Mozilla/5.0 (compatible; hotline/0.1; child protection hotline)"
"""Says who comes. Hosts that hide from hotlines are met with another one, per item."""
