"""The checks themselves, by what they look at. ``workers.doctor.registry`` lists them."""
