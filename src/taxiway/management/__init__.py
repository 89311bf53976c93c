"""OMA-DM sessions: policies, apps, certificates, the ESP run, compliance."""

from taxiway.management.actions.collecting import (
    COLLECTIONS,
    collections_of,
    forget_archives,
    offer,
    offered,
    order_collection,
)
from taxiway.management.actions.ledger import ACTIONS
from taxiway.management.actions.orders import expire_actions, order_action, wipe_kind
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
from taxiway.management.apps.entities import APP_KINDS
from taxiway.management.apps.estimate import Estimate, Expected
from taxiway.management.apps.kinds.win32 import KIND as WIN32
from taxiway.management.apps.mobile_apps import (
    APP_BASE,
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
from taxiway.management.apps.table import EXTENSION_KINDS
from taxiway.management.certificates.challenges import forget_challenges
from taxiway.management.certificates.issued import Issued, issued_certificates
from taxiway.management.collection import BASE as CONFIGURATION_BASE
from taxiway.management.collection import NOT_ACTED_ON, not_acted_on
from taxiway.management.compliance.entities import COMPLIANCE_KINDS
from taxiway.management.compliance.evaluation import Verdict
from taxiway.management.compliance.policies import (
    COMPLIANCE_BASE,
    COMPLIANCE_POLICIES,
    assign_policy,
    create_policy,
    delete_policy,
    judge,
    override_compliance,
    update_policy,
)
from taxiway.management.configuration.catalogue.definitions import Definition, definitions
from taxiway.management.configuration.catalogue.entities import POLICY_KINDS
from taxiway.management.configuration.catalogue.policies import (
    CONFIGURATION_POLICIES,
    assign_configuration_policy,
    copy_configuration_policy,
    create_configuration_policy,
    delete_configuration_policy,
    update_configuration_policy,
)
from taxiway.management.configuration.catalogue.reading import setting_ids
from taxiway.management.configuration.configurations import (
    CONFIGURATIONS,
    assign_configuration,
    create_configuration,
    delete_configuration,
    plain_oma_value,
    update_configuration,
)
from taxiway.management.configuration.entities import CONFIGURATION_KINDS
from taxiway.management.configuration.meant import Meant, effective, meant_for
from taxiway.management.configuration.resolution import Resolved, resolve
from taxiway.management.errors import BadOmaUri, BadPolicy, BadSetting, ManagementError, NoContent, UnknownSetting
from taxiway.management.esp.administration import esp_state, expire_pages, order_esp
from taxiway.management.esp.deployments import DEPLOYMENTS
from taxiway.management.esp.details import status_details
from taxiway.management.esp.forecast import Forecast, forecast
from taxiway.management.esp.order_http import order_routes
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
from taxiway.management.foresight import Foresight, encryption_states, foresee
from taxiway.management.http import routes
from taxiway.management.model import Conflict, Effective, Item
from taxiway.management.opaque.children import (
    add_child,
    change_child,
    child_of,
    children_of,
    remove_child,
    set_children,
)
from taxiway.management.opaque.definition_values import update_settings, update_values
from taxiway.management.opaque.reach import Unacted, unacted
from taxiway.management.opaque.shelves import OBJECT_KIND as OPAQUE_OBJECT_KIND
from taxiway.management.opaque.shelves import (
    Shelf,
    assign_object,
    create_object,
    delete_object,
    replace_object,
    update_object,
)
from taxiway.management.protection import Protection, ProtectionCounts, protection_counts, protection_of
from taxiway.management.session.report import device_states, installed_on, object_states
from taxiway.management.session.runs import alerts_of
from taxiway.management.settings import secure_by_default, set_secure_by_default

__all__ = [
    "ACTIONS",
    "APPS",
    "APP_BASE",
    "APP_KINDS",
    "CATEGORIES",
    "COLLECTIONS",
    "COMPLIANCE_BASE",
    "COMPLIANCE_KINDS",
    "COMPLIANCE_POLICIES",
    "CONFIGURATIONS",
    "CONFIGURATION_BASE",
    "CONFIGURATION_KINDS",
    "CONFIGURATION_POLICIES",
    "DEPLOYMENTS",
    "EXTENSION_KINDS",
    "NOT_ACTED_ON",
    "OPAQUE_OBJECT_KIND",
    "POLICY_KINDS",
    "SCRIPTS",
    "SCRIPT_KIND",
    "SCRIPT_KINDS",
    "WIN32",
    "BadOmaUri",
    "BadPolicy",
    "BadSetting",
    "Conflict",
    "Definition",
    "Effective",
    "EspView",
    "Estimate",
    "Expected",
    "Forecast",
    "Foresight",
    "Issued",
    "Item",
    "ManagementError",
    "Meant",
    "NoContent",
    "Protection",
    "ProtectionCounts",
    "Related",
    "Relationship",
    "Resolved",
    "Shelf",
    "Unacted",
    "UnknownSetting",
    "Verdict",
    "add_child",
    "alerts_of",
    "assign_app",
    "assign_configuration",
    "assign_configuration_policy",
    "assign_object",
    "assign_policy",
    "assign_script",
    "categories_of",
    "change_child",
    "child_of",
    "children_of",
    "collections_of",
    "copy_configuration_policy",
    "create_app",
    "create_category",
    "create_configuration",
    "create_configuration_policy",
    "create_object",
    "create_policy",
    "create_script",
    "definitions",
    "delete_app",
    "delete_category",
    "delete_configuration",
    "delete_configuration_policy",
    "delete_object",
    "delete_policy",
    "delete_script",
    "device_states",
    "effective",
    "encryption_states",
    "end_retirements",
    "esp_state",
    "esp_view",
    "expire_actions",
    "expire_pages",
    "extension_states",
    "follow",
    "forecast",
    "foresee",
    "forget_archives",
    "forget_challenges",
    "installed_on",
    "issued_certificates",
    "judge",
    "meant_apps",
    "meant_for",
    "named",
    "not_acted_on",
    "object_states",
    "offer",
    "offered",
    "oma_plain_text",
    "order_action",
    "order_collection",
    "order_esp",
    "order_retire",
    "order_routes",
    "override_compliance",
    "plain_oma_value",
    "protection_counts",
    "protection_of",
    "relate_apps",
    "relationships_of",
    "remove_child",
    "rename_category",
    "replace_object",
    "resolve",
    "routes",
    "secure_by_default",
    "set_app_content",
    "set_children",
    "set_encrypted_content",
    "set_secure_by_default",
    "setting_ids",
    "sort_into",
    "status_details",
    "take_out",
    "unacted",
    "update_app",
    "update_configuration",
    "update_configuration_policy",
    "update_object",
    "update_policy",
    "update_script",
    "update_settings",
    "update_values",
    "wipe_kind",
]
