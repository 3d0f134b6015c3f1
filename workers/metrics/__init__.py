"""The figures of the running service, as Prometheus asks for them."""
