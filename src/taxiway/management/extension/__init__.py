"""The management extension: an agent on the PC that installs Win32 and Store apps and runs scripts (05 section 10.18).

docs/management-extension.md is the specification of what is said.
"""
