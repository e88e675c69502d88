"""What a menu signs, for tests of whoever takes it."""
