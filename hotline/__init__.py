"""Receive: what the public meets, and the ground floor that every other package stands on."""

__version__ = "0.1.0"
