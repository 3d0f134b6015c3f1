"""Assessing: who has a case, what is asked, and what two people's answers say."""
