"""A tenant's configuration as files: what backup tools wrote of a real one, taken in; and the same, written.

Three forms: the folders of IntuneCD, the folders of IntuneManagement, and objects as Graph shows them.
"""

from taxiway.rehearsal.backup.export import FORMS, Form, export
from taxiway.rehearsal.backup.kinds import DEVICES, USERS
from taxiway.rehearsal.backup.load import load
from taxiway.rehearsal.backup.people import People, read_memberships, read_people
from taxiway.rehearsal.backup.population import Population
from taxiway.rehearsal.backup.reading import Reading, read_folder
from taxiway.rehearsal.backup.report import Report

__all__ = [
    "DEVICES",
    "FORMS",
    "USERS",
    "Form",
    "People",
    "Population",
    "Reading",
    "Report",
    "export",
    "load",
    "read_folder",
    "read_memberships",
    "read_people",
]
