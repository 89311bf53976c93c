"""A tenant for IntuneCD: one object or more of every kind that the tool takes away and brings back.

Each is a name, an address, the body that a client posts there, and assignments; names in angle brackets stand for ids
of what was made before.
"""

from clients.population.foundations import FOUNDATIONS, STAYS
from clients.population.kept import KEPT
from clients.population.modelled import MODELLED
from clients.population.parts import TYPE

__all__ = ["COMES_BACK", "MEMBERS", "STAYS", "TYPE"]

#: What the tool takes away and brings back, in the order in which it can be made.
COMES_BACK = [*FOUNDATIONS, *MODELLED, *KEPT]

#: How ``assign`` calls its list, where it is not ``assignments``.
MEMBERS = {
    "deviceEnrollmentConfigurations": "enrollmentConfigurationAssignments",
    "deviceManagementScripts": "deviceManagementScriptAssignments",
    "deviceShellScripts": "deviceManagementScriptAssignments",
    "deviceCustomAttributeShellScripts": "deviceManagementScriptAssignments",
    "deviceHealthScripts": "deviceHealthScriptAssignments",
    "mobileApps": "mobileAppAssignments",
}
