"""A discrete-event simulation of the service on AWS: what bursts and growth do to it."""
