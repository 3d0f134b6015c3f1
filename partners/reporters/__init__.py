"""What the reporters of a case learn of it, and what is kept from them for somebody's safety."""
