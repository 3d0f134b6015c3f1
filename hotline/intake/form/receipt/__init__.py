"""What a reporter gets and may come back for: receipt, status, confirmation."""
