"""What the repository knows of itself, whoever asks: nothing of orders and nothing of AWS."""
