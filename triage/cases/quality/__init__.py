"""Measuring decisions from outside the line: what is drawn, judged, and how far people agree."""
