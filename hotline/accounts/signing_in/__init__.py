"""From a password to a browser that may work, and how guessing is slowed down."""
