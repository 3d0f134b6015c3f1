"""Notices to hosts, the host's own pages, and what hosts answer."""
