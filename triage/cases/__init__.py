"""Cases: the unit of an analyst's work, from queue to decision."""
