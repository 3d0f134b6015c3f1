"""One box that finds anything: what was typed, who looks for it, and the pages around both."""
