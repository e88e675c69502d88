"""What the web client is tested for without a browser."""
