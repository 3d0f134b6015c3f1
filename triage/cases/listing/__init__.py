"""Finding cases: the queue, its tabs and filters, and what belongs together."""
