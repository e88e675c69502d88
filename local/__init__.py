"""The one-command run: the template that goes to AWS, deployed to an emulator on this machine."""
