"""What breaks at lunch, and that every order is accounted for afterwards."""
