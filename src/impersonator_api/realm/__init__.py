"""The realm: tenants, their people, clients and policy as a file says they should be."""

from impersonator_api.realm.apply import apply
from impersonator_api.realm.errors import Fault, InvalidRealmError, UnknownTenantError
from impersonator_api.realm.export import as_yaml, export
from impersonator_api.realm.keycloak import Imported, ImportWishes, is_keycloak_export, read_keycloak
from impersonator_api.realm.reading import Document, read_realm
from impersonator_api.realm.report import Change, FieldChange, NewSecret, Report, TenantReport

__all__ = [
    "Change",
    "Document",
    "Fault",
    "FieldChange",
    "ImportWishes",
    "Imported",
    "InvalidRealmError",
    "NewSecret",
    "Report",
    "TenantReport",
    "UnknownTenantError",
    "apply",
    "as_yaml",
    "export",
    "is_keycloak_export",
    "read_keycloak",
    "read_realm",
]
