"""The configuration service providers of the PC: a tree of settings, and what settings do (05 sections 9 to 12)."""
