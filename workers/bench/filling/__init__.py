"""Made-up rows to measure with."""
