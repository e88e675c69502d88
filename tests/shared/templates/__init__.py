"""What CDK has made for the tests."""
