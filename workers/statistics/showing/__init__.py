"""Showing figures: pages, plots, files and paper."""
