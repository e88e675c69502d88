"""The operator's side: deploying, and the commands of later issues."""
