"""Receive: reports and receipts, public pages and API."""
