"""Files that were seen somewhere, as their hashes alone. Knows no list, no item and no case."""
