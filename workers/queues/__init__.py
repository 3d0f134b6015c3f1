"""Jobs on their way: Redis, the queues, and the worker that takes one id after the other."""
