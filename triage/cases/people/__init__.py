"""The people of a case: what leads to them, what is known of them, what is said of them."""
