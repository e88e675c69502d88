"""What follows an order: the workers, webhooks, and the heartbeat."""
