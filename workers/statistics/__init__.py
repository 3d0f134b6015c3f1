"""Figures. All of them come from the history of events, never from counters."""
