"""Ground floor: settings, database, crypto, audit, outbox, errors."""
