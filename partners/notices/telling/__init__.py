"""What a host is told: the places and no more, as a letter and as X-ARF."""
