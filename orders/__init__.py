"""What runs in Lambda: the order API's handlers and the rules they keep. Imports no CDK."""
