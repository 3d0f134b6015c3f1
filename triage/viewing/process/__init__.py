"""The process that fetches one file again and makes the one picture that is shown of it."""
