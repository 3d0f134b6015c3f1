"""The pages of the audit log, in words."""
