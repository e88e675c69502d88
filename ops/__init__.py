"""What operators do, as a library that prints nothing. What prints is in cli."""
