"""The way of one order through its traces: found and put together. How it is drawn is in cli."""
