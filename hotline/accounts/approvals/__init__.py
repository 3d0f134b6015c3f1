"""The rule of two people for single acts: one asks with a reason, another grants it."""
