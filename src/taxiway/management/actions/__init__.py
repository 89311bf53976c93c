"""What an administrator has a device do once (02 section 9.5, 05 section 10.13)."""
