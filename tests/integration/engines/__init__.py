"""The product on other engines than the emulator: what each can show, and no more."""
