"""Who serves an order, and how it is answered: pure, as all of the domain."""
