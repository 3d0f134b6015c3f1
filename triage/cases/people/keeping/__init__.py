"""How what is known of people is kept: sealed, copied, renewed, forgotten."""
