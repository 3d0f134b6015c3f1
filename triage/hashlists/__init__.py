"""Known-hash lists: import, versions, export, look-up."""
