"""What was found at a place, on the page of its case: files and looks."""
