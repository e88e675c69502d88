"""Dead letters: looked at, sent back, taken out. Who makes them is the business of orders."""
