"""Compliance: what is asked of a device, and whether it has it (R-123 to R-125)."""
