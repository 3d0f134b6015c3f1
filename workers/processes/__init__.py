"""The service's processes: the tree that keeps them alive, what each runs, and how it stops."""
