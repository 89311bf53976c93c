"""Operations that answer and lack something of the original: for docs/graph-coverage.md, and for whoever wonders.

A test holds that each names an operation.
"""

from __future__ import annotations

from typing import Final

from taxiway.graph.resources.opaque_table import KEPT

_DM: Final = "deviceManagement"
_NOT_ACTED_ON: Final = "kept, assigned and shown; nothing acts on it"
_WHOLE: Final = "a round tells objects whole, not only what changed of them"

#: ``METHOD pattern`` -> what is missing.
PARTIAL: Final[dict[str, str]] = {
    **{f"POST {kept.path}": _NOT_ACTED_ON for kept in KEPT},
    f"POST {_DM}/deviceConfigurations": "types without a model are kept, and no device is told of them",
    f"POST {_DM}/deviceCompliancePolicies": "rules that nobody judges and actions other than `block` are kept",
    f"POST {_DM}/deviceEnrollmentConfigurations": "types other than ESP, limit and restriction are kept",
    "POST deviceAppManagement/mobileApps": "types without a model are kept, and nothing installs them",
    f"POST {_DM}/configurationPolicies": "settings without a known OMA-URI are kept, and the policy lists them",
    f"GET {_DM}/configurationSettings": "the definitions that the table of CSP facts makes, and an imported archive",
    f"GET {_DM}/configurationCategories": "what was posted",
    f"GET {_DM}/configurationPolicyTemplates": "what was posted",
    f"GET {_DM}/templates": "what was posted",
    f"GET {_DM}/tenantAssociatedDevices": "always empty",
    f"GET {_DM}/managedDevices/{{id}}/deviceHealthScriptStates": "always empty: remediations are not run",
    f"GET {_DM}/managedDevices/{{id}}/detectedApps": "the assigned apps that are installed",
    f"GET {_DM}/applePushNotificationCertificate": "none can be uploaded",
    f"GET {_DM}/androidManagedStoreAccountEnterpriseSettings": "none can be connected",
    "GET users/delta": _WHOLE,
    "GET groups/delta": _WHOLE,
    "GET devices/delta": _WHOLE,
    "POST groups": "security groups; Microsoft 365 and mail-enabled groups: 501",
    "POST identity/conditionalAccess/policies": "conditions and controls beyond those of docs/coverage.md: 501",
}
