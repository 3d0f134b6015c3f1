"""What a bench runs beside itself: servers, databases, load."""
