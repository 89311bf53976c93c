"""Preflight, explain, timeline, report: reads every stage, decides nothing."""

from taxiway.insight.checklist import Step, checklist
from taxiway.insight.explain import Explanation, explain
from taxiway.insight.explain_esp import explain_esp
from taxiway.insight.explain_tasks import explain_tasks
from taxiway.insight.timeline import Moment, Phase, Timeline, timeline

__all__ = [
    "Explanation",
    "Moment",
    "Phase",
    "Step",
    "Timeline",
    "checklist",
    "explain",
    "explain_esp",
    "explain_tasks",
    "timeline",
]
