"""From what reporters wrote to what may be noted of people. A person takes over what is found."""
