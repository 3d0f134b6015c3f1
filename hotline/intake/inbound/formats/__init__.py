"""The formats in which others hand over reports."""
