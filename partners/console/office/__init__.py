"""Pages of the office itself: its partners, its duty, its first steps, what became of its work."""
