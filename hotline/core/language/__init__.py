"""Words in the reader's language: catalogues, numbers, times."""
