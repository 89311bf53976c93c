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
from taxiway.management.configuration.catalogue.definitions import Definition, definitions
from taxiway.management.configuration.catalogue.entities import POLICY_KINDS
from taxiway.management.configuration.catalogue.policies import (
    CONFIGURATION_POLICIES,
    assign_configuration_policy,
    create_configuration_policy,
    delete_configuration_policy,
    update_configuration_policy,
)
from taxiway.management.configuration.configurations import (
    CONFIGURATIONS,
    assign_configuration,
    create_configuration,
    delete_configuration,
    update_configuration,
)
from taxiway.management.configuration.entities import CONFIGURATION_KINDS
from taxiway.management.configuration.meant import Meant, effective, meant_for
from taxiway.management.configuration.resolution import Resolved, resolve
from taxiway.management.errors import BadOmaUri, BadPolicy, BadSetting, ManagementError, NoContent, UnknownSetting
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
    "CONFIGURATION_POLICIES",
    "DEPLOYMENTS",
    "POLICY_KINDS",
    "BadOmaUri",
    "BadPolicy",
    "BadSetting",
    "Conflict",
    "Definition",
    "Effective",
    "EspView",
    "Estimate",
    "Expected",
    "Item",
    "ManagementError",
    "Meant",
    "NoContent",
    "Resolved",
    "UnknownSetting",
    "Verdict",
    "alerts_of",
    "assign_app",
    "assign_configuration",
    "assign_configuration_policy",
    "assign_policy",
    "create_app",
    "create_configuration",
    "create_configuration_policy",
    "create_policy",
    "definitions",
    "delete_app",
    "delete_configuration",
    "delete_configuration_policy",
    "delete_policy",
    "device_states",
    "effective",
    "end_retirements",
    "esp_state",
    "esp_view",
    "expire_pages",
    "follow",
    "judge",
    "meant_apps",
    "meant_for",
    "named",
    "object_states",
    "order_esp",
    "order_retire",
    "resolve",
    "routes",
    "secure_by_default",
    "set_app_content",
    "set_secure_by_default",
    "update_app",
    "update_configuration",
    "update_configuration_policy",
    "update_policy",
]
