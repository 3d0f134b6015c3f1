"""Measurements of whole processes, which need what no single package may import."""
