"""Windows Autopilot as one program: the service, and the PC at the other end of the wire."""

__version__ = "0.1.0"
