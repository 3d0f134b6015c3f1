"""The pages on which people manage their own account and those of others."""
