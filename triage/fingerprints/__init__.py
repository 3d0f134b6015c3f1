"""Fingerprints of pictures and videos, from memory to memory; nothing of a file is kept.

This file imports nothing: decoders are large, and only who decodes is to load them.
"""
