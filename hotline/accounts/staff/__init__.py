"""The names, codes and actors by which members of staff are known."""
