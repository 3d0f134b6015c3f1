"""Identity of a location: two inputs have the same key exactly if they name the same place."""

from triage.locations.identify import identify_locations, identify_one
from triage.locations.location import Location

__all__ = ["Location", "identify_locations", "identify_one"]
