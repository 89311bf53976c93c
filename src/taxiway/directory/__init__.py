"""Who and what exists, and who is meant: tenants, users, groups, devices, assignments."""
