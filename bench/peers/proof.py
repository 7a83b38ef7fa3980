"""A peer whose door does something else than it is measured for would make a fine figure, and a false one."""


class ProofError(Exception):
    """A peer is not set up as it must be."""


def prove(fact: str, *, is_so: bool) -> None:
    """Raises `ProofError` where it is not."""
    if not is_so:
        raise ProofError(f"It is not so: {fact}.")
