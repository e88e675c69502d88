"""The promises that this project makes, as tests."""
