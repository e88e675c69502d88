"""How a deployment is reached: which, with whose clients, and what its refusals mean."""
