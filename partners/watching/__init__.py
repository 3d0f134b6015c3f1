"""Watching items until removal is verified, and for a year after."""
