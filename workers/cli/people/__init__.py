"""Commands on people: staff, duty, senders, and who asks about themselves."""
