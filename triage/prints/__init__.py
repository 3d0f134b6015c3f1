"""Fingerprints of pictures that reporters gave, looked for in every file that is seen."""
