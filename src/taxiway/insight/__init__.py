"""Preflight, explain, timeline, report: reads every stage, decides nothing."""
