"""Deliveries: one message to one address through one channel, with what became of it."""
