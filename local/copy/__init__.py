"""How a copy comes to run: environments, synthesis, emulator, deployment. It shows nothing."""
