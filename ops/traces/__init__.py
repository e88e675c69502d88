"""The way of one order through its traces: found, put together, named. How it is drawn is in cli."""
