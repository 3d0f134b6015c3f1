"""Schema changes, from the first table on; ``hotline db upgrade`` applies them."""
