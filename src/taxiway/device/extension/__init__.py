"""The management extension on the PC: the agent that installs Win32 and Store apps and runs scripts.

What it says to the server, and when, stands in docs/management-extension.md.
"""
