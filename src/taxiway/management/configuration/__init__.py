"""Configurations: what an administrator sets, as nodes of CSPs (05 sections 10.7 to 10.15)."""
