"""Lists that come in through the console: in pieces, read by a job, taken over by two people."""
