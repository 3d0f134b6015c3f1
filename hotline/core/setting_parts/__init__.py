"""What settings are made of, and which values are still examples."""
