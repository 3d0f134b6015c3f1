"""From bytes to what a viewer shows: pictures, animations, films."""
