"""How people share the work on cases: the next one, tags, and a word from one to the next."""
