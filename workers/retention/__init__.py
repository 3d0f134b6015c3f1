"""What is kept for how long: each column's sort, what would go and when, and what a person asks."""
