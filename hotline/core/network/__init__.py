"""The one door to the outside: every connection to a server of others is made in here.

Addresses are checked before a connection and once more on the socket itself, names are pinned to
the addresses that were checked, and every exchange has an end in time and in size. A lint rule
forbids other network clients elsewhere.
"""
