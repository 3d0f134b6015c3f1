"""Signing in with an office's own identity provider (OpenID Connect); off unless it is set up."""
