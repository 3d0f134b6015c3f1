"""Tell: police, partner hotlines, helplines, hosts and regulators, until the material is gone."""
