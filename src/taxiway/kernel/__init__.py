"""Clock, entropy, workers, keys, ids, the error base and typed log entries. Imports nothing of ours."""

from taxiway.kernel.clock import Clock, ManualClock, SystemClock
from taxiway.kernel.entropy import Entropy, SeededEntropy, SystemEntropy
from taxiway.kernel.entry import Entry
from taxiway.kernel.errors import Busy, NotImplementedHere, TaxiwayError
from taxiway.kernel.files import write_private
from taxiway.kernel.keys import FreshKeys, Keys, PooledKeys
from taxiway.kernel.reasons import Decision, Reason
from taxiway.kernel.urls import Urls, with_bare
from taxiway.kernel.workers import InlineWorkers, ThreadWorkers, Workers

__all__ = [
    "Busy",
    "Clock",
    "Decision",
    "Entropy",
    "Entry",
    "FreshKeys",
    "InlineWorkers",
    "Keys",
    "ManualClock",
    "NotImplementedHere",
    "PooledKeys",
    "Reason",
    "SeededEntropy",
    "SystemClock",
    "SystemEntropy",
    "TaxiwayError",
    "ThreadWorkers",
    "Urls",
    "Workers",
    "with_bare",
    "write_private",
]
