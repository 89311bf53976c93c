"""What is said in the management sessions of a device, and what is remembered of it (05 sections 2 to 7)."""
