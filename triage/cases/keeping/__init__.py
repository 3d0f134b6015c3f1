"""What is kept of a case, until when, and what holds it."""
