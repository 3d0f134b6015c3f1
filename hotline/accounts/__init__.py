"""Who may act: people, sign-in, permissions."""
