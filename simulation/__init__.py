"""What bench's figures come to on AWS: bursts and growth, simulated, and placing in dollars."""
