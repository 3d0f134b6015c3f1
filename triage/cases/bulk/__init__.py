"""One act on many cases, with one reason: chosen, looked at, waited for, done case by case."""
