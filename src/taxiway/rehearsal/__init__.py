"""Drives devices against a server: scenarios, fleets, reports."""
