"""OMA-DM sessions: policies, apps, certificates, the ESP run, compliance."""

from taxiway.management.actions.retirement import end_retirements, order_retire
from taxiway.management.apps.categories import (
    CATEGORIES,
    categories_of,
    create_category,
    delete_category,
    rename_category,
    sort_into,
    take_out,
)
from taxiway.management.apps.entities import APP_KINDS, EXTENSION_KINDS, WIN32
from taxiway.management.apps.estimate import Estimate, Expected
from taxiway.management.apps.mobile_apps import (
    APPS,
    assign_app,
    create_app,
    delete_app,
    meant_apps,
    relate_apps,
    set_app_content,
    set_encrypted_content,
    update_app,
)
from taxiway.management.apps.relationships import Related, Relationship
from taxiway.management.apps.relationships import of as relationships_of
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
    effective,
    meant_for,
    update_configuration,
)
from taxiway.management.configuration.entities import CONFIGURATION_KINDS
from taxiway.management.errors import BadOmaUri, BadPolicy, ManagementError, NoContent
from taxiway.management.esp.administration import esp_state, expire_pages, order_esp
from taxiway.management.esp.deployments import DEPLOYMENTS
from taxiway.management.esp.view import EspView, esp_view, named
from taxiway.management.extension.entities import SCRIPT_KIND, SCRIPT_KINDS
from taxiway.management.extension.scripts import (
    SCRIPTS,
    assign_script,
    create_script,
    delete_script,
    update_script,
)
from taxiway.management.extension.states import of_object as extension_states
from taxiway.management.followers import follow
from taxiway.management.http import routes
from taxiway.management.model import Conflict, Effective, Item
from taxiway.management.session.report import device_states, object_states
from taxiway.management.session.runs import alerts_of
from taxiway.management.settings import secure_by_default, set_secure_by_default

__all__ = [
    "APPS",
    "APP_KINDS",
    "CATEGORIES",
    "COMPLIANCE_KINDS",
    "COMPLIANCE_POLICIES",
    "CONFIGURATIONS",
    "CONFIGURATION_KINDS",
    "DEPLOYMENTS",
    "EXTENSION_KINDS",
    "SCRIPTS",
    "SCRIPT_KIND",
    "SCRIPT_KINDS",
    "WIN32",
    "BadOmaUri",
    "BadPolicy",
    "Conflict",
    "Effective",
    "EspView",
    "Estimate",
    "Expected",
    "Item",
    "ManagementError",
    "NoContent",
    "Related",
    "Relationship",
    "Verdict",
    "alerts_of",
    "assign_app",
    "assign_configuration",
    "assign_policy",
    "assign_script",
    "categories_of",
    "create_app",
    "create_category",
    "create_configuration",
    "create_policy",
    "create_script",
    "delete_app",
    "delete_category",
    "delete_configuration",
    "delete_policy",
    "delete_script",
    "device_states",
    "effective",
    "end_retirements",
    "esp_state",
    "esp_view",
    "expire_pages",
    "extension_states",
    "follow",
    "judge",
    "meant_apps",
    "meant_for",
    "named",
    "object_states",
    "order_esp",
    "order_retire",
    "relate_apps",
    "relationships_of",
    "rename_category",
    "routes",
    "secure_by_default",
    "set_app_content",
    "set_encrypted_content",
    "set_secure_by_default",
    "sort_into",
    "take_out",
    "update_app",
    "update_configuration",
    "update_policy",
    "update_script",
]
