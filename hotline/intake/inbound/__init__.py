"""Reports that partners send in formats of their own, read into the shape of all reports."""
