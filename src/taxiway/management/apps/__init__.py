"""Apps: what a device is to install, and how long that takes (02 section 8, 05 sections 10.5 and 10.6)."""
