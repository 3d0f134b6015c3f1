"""How a plan comes to be: the routes of the rules, the offices, the legal basis."""
