"""What an office is told, cut to what it may get, as a letter and as a document."""
