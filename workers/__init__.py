"""Run: queues, thin jobs, the outbox dispatcher, the schedule and the process tree."""
