"""The `<wap-provisioningdoc>`: read with `parse_provisioning`, write with `render_provisioning` (04 section 11)."""

from taxiway.wire.errors import BadProvisioning
from taxiway.wire.provisioning_read import parse_provisioning
from taxiway.wire.provisioning_types import (
    AppAuth,
    Application,
    Certificates,
    DmClient,
    FirstSyncStatus,
    Poll,
    ProvisioningDocument,
    Renewal,
    certificate_criteria,
    thumbprint,
)
from taxiway.wire.provisioning_write import render_provisioning

__all__ = [
    "AppAuth",
    "Application",
    "BadProvisioning",
    "Certificates",
    "DmClient",
    "FirstSyncStatus",
    "Poll",
    "ProvisioningDocument",
    "Renewal",
    "certificate_criteria",
    "parse_provisioning",
    "render_provisioning",
    "thumbprint",
]
