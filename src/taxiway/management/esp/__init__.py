"""The Enrollment Status Page: what it waits for, until when, and how it ended (05 section 11)."""
