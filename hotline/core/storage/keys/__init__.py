"""The service's own keys: where they lie, which is in use, how another takes its place."""
