"""What is looked at before a deployment, here and in the account: the checks of `orders doctor`."""
