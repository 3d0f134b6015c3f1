"""Whether this installation can do its work: each part is looked at, and none is touched."""
