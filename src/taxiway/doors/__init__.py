"""Listeners, TLS and the request plumbing that every ``http.py`` shares."""
