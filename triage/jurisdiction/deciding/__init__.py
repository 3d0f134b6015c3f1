"""From facts to routes: whose case it is, and who must be told."""
