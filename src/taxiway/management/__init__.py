"""OMA-DM sessions: policies, apps, certificates, the ESP run, compliance."""

from taxiway.management.actions.retirement import end_retirements, order_retire
from taxiway.management.apps.entities import APP_KINDS
from taxiway.management.apps.estimate import Estimate, Expected
from taxiway.management.apps.mobile_apps import (
    APPS,
    assign_app,
    create_app,
    delete_app,
    meant_apps,
    set_app_content,
    update_app,
)
from taxiway.management.certificates.challenges import forget_challenges
from taxiway.management.certificates.issued import Issued, issued_certificates
from taxiway.management.compliance.entities import COMPLIANCE_KINDS
from taxiway.management.compliance.evaluation import Verdict
from taxiway.management.compliance.policies import (
    COMPLIANCE_POLICIES,
    assign_policy,
    create_policy,
    delete_policy,
    judge,
    update_policy,
)
from taxiway.management.configuration.configurations import (
    CONFIGURATIONS,
    assign_configuration,
    create_configuration,
    delete_configuration,
    update_configuration,
)
from taxiway.management.configuration.entities import CONFIGURATION_KINDS
from taxiway.management.configuration.meant import effective, meant_for
from taxiway.management.errors import BadOmaUri, BadPolicy, ManagementError, NoContent
from taxiway.management.esp.administration import esp_state, expire_pages, order_esp
from taxiway.management.esp.deployments import DEPLOYMENTS
from taxiway.management.esp.view import EspView, esp_view, named
from taxiway.management.followers import follow
from taxiway.management.http import routes
from taxiway.management.model import Conflict, Effective, Item
from taxiway.management.session.report import device_states, object_states
from taxiway.management.session.runs import alerts_of
from taxiway.management.settings import secure_by_default, set_secure_by_default

__all__ = [
    "APPS",
    "APP_KINDS",
    "COMPLIANCE_KINDS",
    "COMPLIANCE_POLICIES",
    "CONFIGURATIONS",
    "CONFIGURATION_KINDS",
    "DEPLOYMENTS",
    "BadOmaUri",
    "BadPolicy",
    "Conflict",
    "Effective",
    "EspView",
    "Estimate",
    "Expected",
    "Issued",
    "Item",
    "ManagementError",
    "NoContent",
    "Verdict",
    "alerts_of",
    "assign_app",
    "assign_configuration",
    "assign_policy",
    "create_app",
    "create_configuration",
    "create_policy",
    "delete_app",
    "delete_configuration",
    "delete_policy",
    "device_states",
    "effective",
    "end_retirements",
    "esp_state",
    "esp_view",
    "expire_pages",
    "follow",
    "forget_challenges",
    "issued_certificates",
    "judge",
    "meant_apps",
    "meant_for",
    "named",
    "object_states",
    "order_esp",
    "order_retire",
    "routes",
    "secure_by_default",
    "set_app_content",
    "set_secure_by_default",
    "update_app",
    "update_configuration",
    "update_policy",
]
