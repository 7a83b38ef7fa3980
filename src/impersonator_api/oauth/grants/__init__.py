"""The grants of the token endpoint, each with the name a request asks for it by."""

from impersonator_api.oauth.grants import client_credentials, refresh_token
from impersonator_api.oauth.grants.answer import TokenAnswer

GRANTS = {
    client_credentials.NAME: client_credentials.client_credentials,
    refresh_token.NAME: refresh_token.refresh_token,
}

__all__ = ["GRANTS", "TokenAnswer"]
