"""May you enroll? Restrictions, ESP choice, management certificate, provisioning document, the managed-device row."""

from taxiway.enrollment.administration import delete_managed_device, update_managed_device
from taxiway.enrollment.askers import Asker
from taxiway.enrollment.choice import (
    CONTINUE_ANYWAY,
    RESET_PC,
    TRY_AGAIN,
    Candidate,
    EspSettings,
    choose_esp,
    choose_restriction,
    effective_esp,
    effective_limit,
    effective_restriction,
    frozen_esp,
)
from taxiway.enrollment.configurations import (
    ENROLLMENT_CONFIGURATIONS,
    OBJECT_KIND,
    assign_configuration,
    create_configuration,
    default_of,
    delete_configuration,
    seed,
    set_priority,
    update_configuration,
)
from taxiway.enrollment.credentials import audiences, authenticate_bearer
from taxiway.enrollment.entities import (
    DEFAULT_ESP,
    DEFAULT_HELLO,
    DEFAULT_LIMIT,
    DEFAULT_RESTRICTIONS,
    ENROLLMENT_KINDS,
    ESP,
    LIMIT,
    RESTRICTION,
)
from taxiway.enrollment.errors import (
    BadConfiguration,
    BuiltIn,
    ConfigurationError,
    EnrollmentError,
    NotAuthenticated,
    TooMany,
)
from taxiway.enrollment.flow import enroll
from taxiway.enrollment.followers import follow
from taxiway.enrollment.http import routes
from taxiway.enrollment.issuing import PROVIDER_ID
from taxiway.enrollment.managed import (
    ENROLLMENTS,
    MANAGED,
    account_of,
    esp_of,
    forget,
    freeze_again,
    links_of,
    managed_device,
    managed_device_of_device,
    subject_of,
    update_inventory,
)
from taxiway.enrollment.policy import EnrollmentPolicy, enrollment_policy_of, update_enrollment_policy
from taxiway.enrollment.policy_http import policy_routes
from taxiway.enrollment.renewal import require_current, use_certificate
from taxiway.enrollment.service import Admission, admit, version_key
from taxiway.enrollment.terms import set_terms, terms_of

__all__ = [
    "CONTINUE_ANYWAY",
    "DEFAULT_ESP",
    "DEFAULT_HELLO",
    "DEFAULT_LIMIT",
    "DEFAULT_RESTRICTIONS",
    "ENROLLMENTS",
    "ENROLLMENT_CONFIGURATIONS",
    "ENROLLMENT_KINDS",
    "ESP",
    "LIMIT",
    "MANAGED",
    "OBJECT_KIND",
    "PROVIDER_ID",
    "RESET_PC",
    "RESTRICTION",
    "TRY_AGAIN",
    "Admission",
    "Asker",
    "BadConfiguration",
    "BuiltIn",
    "Candidate",
    "ConfigurationError",
    "EnrollmentError",
    "EnrollmentPolicy",
    "EspSettings",
    "NotAuthenticated",
    "TooMany",
    "account_of",
    "admit",
    "assign_configuration",
    "audiences",
    "authenticate_bearer",
    "choose_esp",
    "choose_restriction",
    "create_configuration",
    "default_of",
    "delete_configuration",
    "delete_managed_device",
    "effective_esp",
    "effective_limit",
    "effective_restriction",
    "enroll",
    "enrollment_policy_of",
    "esp_of",
    "follow",
    "forget",
    "freeze_again",
    "frozen_esp",
    "links_of",
    "managed_device",
    "managed_device_of_device",
    "policy_routes",
    "require_current",
    "routes",
    "seed",
    "set_priority",
    "set_terms",
    "subject_of",
    "terms_of",
    "update_configuration",
    "update_enrollment_policy",
    "update_inventory",
    "update_managed_device",
    "use_certificate",
    "version_key",
]
