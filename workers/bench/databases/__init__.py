"""Benches of what the database carries: figures, migrations, queue, storage, watching."""
