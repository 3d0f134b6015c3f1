"""The people of a case on its page."""
