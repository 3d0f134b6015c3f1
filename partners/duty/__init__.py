"""Who is woken when a child is in danger, and by which way, until somebody says: I take it."""
