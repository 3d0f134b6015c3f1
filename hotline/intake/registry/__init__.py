"""What can be reported: the kinds, their questions, and their words on each wire."""
