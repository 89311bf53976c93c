"""Listeners, TLS and the request plumbing that every ``http.py`` shares."""

from taxiway.doors.errors import BadBody, BodyTooLarge, DoorError
from taxiway.doors.plumbing import ByHost, Door
from taxiway.doors.request import address, bearer, correlation, json_response, peer, read_body, read_form, read_json

__all__ = [
    "BadBody",
    "BodyTooLarge",
    "ByHost",
    "Door",
    "DoorError",
    "address",
    "bearer",
    "correlation",
    "json_response",
    "peer",
    "read_body",
    "read_form",
    "read_json",
]
