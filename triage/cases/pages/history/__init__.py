"""What happened to a case, as its page tells it, and taking back what one did last."""
