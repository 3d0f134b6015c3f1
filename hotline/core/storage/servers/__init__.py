"""Database servers and the machines that use them."""
