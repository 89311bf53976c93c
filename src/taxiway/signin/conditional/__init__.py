"""Conditional Access: what a tenant asks for before it hands out a token (01 P-27)."""

from taxiway.signin.conditional.decide import Attempt, Outcome, Verdict, decide, refusal, require
from taxiway.signin.conditional.policies import create_policy, delete_policy, update_policy
from taxiway.signin.conditional.rule import REGISTER_DEVICE

__all__ = [
    "REGISTER_DEVICE",
    "Attempt",
    "Outcome",
    "Verdict",
    "create_policy",
    "decide",
    "delete_policy",
    "refusal",
    "require",
    "update_policy",
]
