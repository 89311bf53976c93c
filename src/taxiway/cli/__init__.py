"""The ``taxiway`` command."""
