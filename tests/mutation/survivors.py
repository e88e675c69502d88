"""The faults that no check finds, each with the reason why there is none."""

SURVIVORS: dict[str, str] = {}
