"""A sandbox world on loopback to try the service in: a web host, inboxes, harmless pictures."""
