"""Commands on what was reported: cases, places, and whose they are."""
