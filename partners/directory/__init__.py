"""The directory: whom we tell. Seeded from dated data; an address counts once a person confirms."""
