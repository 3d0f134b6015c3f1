"""Changed files of law and priority: tried over past cases, and put in force by two people."""
