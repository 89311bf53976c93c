"""Certificates of devices and users: how they are ordered, issued by SCEP, and how they stand (05 section 10.14)."""
