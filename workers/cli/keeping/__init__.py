"""Commands that keep the house: schema, keys, backups, oversight, figures."""
