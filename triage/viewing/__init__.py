"""Looking once at a file, where that is lawful and two people switched it on.

Nothing is shown otherwise, and no case needs it. The picture is fetched again by a sandboxed
process of its own, made small and grey there, and goes through the memory of the web process to
one person's browser: no database, queue, log or disk ever holds any of it.
"""
