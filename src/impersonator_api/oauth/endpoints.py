"""What clients call this server by."""


def token_endpoint(issuer: str) -> str:
    """Where tokens are asked for; assertions and proofs may name it too."""
    return f"{issuer.rstrip('/')}/oauth2/v1/token"
