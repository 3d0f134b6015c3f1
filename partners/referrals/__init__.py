"""Plans, referrals and holds: who is told, after whose word."""
