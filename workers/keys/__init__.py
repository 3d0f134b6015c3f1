"""Rotating the service's own keys while it runs, and retiring those that nothing needs."""
