"""``hotline setup``: from a few answers to a hotline that can begin."""
