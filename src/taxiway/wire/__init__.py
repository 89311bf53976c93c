"""Bytes to typed messages and back: pure, no clock, no input or output, no database."""
