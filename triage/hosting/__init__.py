"""Hosting facts: where a location is served from, who answers for it, and how sure that is."""
