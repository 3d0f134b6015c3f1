"""Commands that set the service up, run it, and look at whether it can."""
