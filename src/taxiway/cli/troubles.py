"""What is ordered to go wrong, from the command line to the PC's host."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import typer

from taxiway.device import Fault, Faults, Host, NotAFault, Place, WrongClock
from taxiway.kernel import Clock, SystemClock, Workers


def host_in_trouble(
    workers: Workers, faults: Iterable[str], exit_codes: Iterable[str], hanging: Iterable[str], minutes: float
) -> Host:
    """A host with these faults on it; a word that orders nothing is a usage error."""
    try:
        plan = [Fault.parse(text) for text in faults]
    except NotAFault as error:
        raise typer.BadParameter(f"{error.message} {error.remedy}", param_hint="--fault") from error
    place = Place(
        exit_codes=dict(_exit_code(text) for text in exit_codes),
        durations={product.upper(): float("inf") for product in hanging},
        faults=Faults(plan) if plan else None,
    )
    clock: Clock = SystemClock()
    if minutes:
        clock = WrongClock(clock, timedelta(minutes=minutes))
    return Host(workers, clock=clock, place=place)


def _exit_code(text: str) -> tuple[str, int]:
    product, equals, code = text.rpartition("=")
    if not equals or not code.isdecimal():
        raise typer.BadParameter(f"{text!r} is not PRODUCT=CODE", param_hint="--exit-code")
    return product.upper(), int(code)
