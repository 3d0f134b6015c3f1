"""Fetching safely: what a reported location holds, as facts and hashes, without keeping a byte.

The bytes live in the memory of one separate process (``child``) that holds no credentials and can
write no file; only a ``FetchReport`` comes back over a pipe. Callers use ``client.Fetcher`` and the
plain values of ``report``.

``robots.txt`` is not asked for, on purpose. It is an agreement with search engines about what they
index; who distributes abuse material would only have to write one line into it to be left alone,
and asking for it would announce the visit. A hotline reads the single location that a person
reported, at a polite pace, as that person's browser did.
"""
