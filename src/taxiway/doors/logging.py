"""What the program says of its own trouble: JSON lines on standard error. What happened to devices is in the log."""

from __future__ import annotations

import sys

import structlog


def configure_logging() -> None:
    """Send the program's own messages to standard error, one JSON object a line, tracebacks included."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
