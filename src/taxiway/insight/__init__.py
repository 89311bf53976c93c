"""Preflight, explain, timeline, report: reads every stage, decides nothing."""

from taxiway.insight.checklist import Step, checklist
from taxiway.insight.timeline import Moment, Phase, Timeline, timeline

__all__ = ["Moment", "Phase", "Step", "Timeline", "checklist", "timeline"]
