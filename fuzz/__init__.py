"""Hostile bytes against an instance in this process: `make fuzz`."""
