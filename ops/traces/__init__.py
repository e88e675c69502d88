"""The way of one order through its traces: found and put together. What draws it is in cli."""
