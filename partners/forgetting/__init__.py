"""Forgetting a whole case, and what nobody needs any more once it is gone."""
