"""Reading a Keycloak realm export, so that a real directory can be tried at once."""

from impersonator_api.realm.keycloak.reading import Imported, ImportWishes, is_keycloak_export, read_keycloak

__all__ = ["ImportWishes", "Imported", "is_keycloak_export", "read_keycloak"]
