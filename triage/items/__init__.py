"""Items: what was reported, where it is, what was seen there."""
