"""What two libraries load whether it is used or not, loaded when it is: ten megabytes of every process."""

import sys
from importlib import import_module
from types import ModuleType
from typing import Final

from typing_extensions import override

SQLALCHEMY: Final = "sqlalchemy.ext.asyncio"

OF_ORM: Final = (f"{SQLALCHEMY}.scoping", f"{SQLALCHEMY}.session")
"""They load the ORM, of which nothing here has a use."""


class _Promise:
    """Stands for a name of a module that is not loaded yet."""

    def __init__(self, module: str) -> None:
        self.module = module


class _Promises(ModuleType):
    """Stands for such a module."""

    @override
    def __getattr__(self, name: str) -> _Promise:
        return _Promise(self.__name__)


def load_slim() -> None:
    """Load them before anything else does; what they leave out still comes when somebody asks for it."""
    if "rich" not in sys.modules:
        _load_structlog()
    if SQLALCHEMY not in sys.modules:
        _load_sqlalchemy()


def _load_structlog() -> None:
    # What Python takes as "not installed", which structlog is made for; no log of ours is written by Rich.
    sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        import_module("structlog")
    finally:
        del sys.modules["rich"]


def _load_sqlalchemy() -> None:
    sys.modules.update((module, _Promises(module)) for module in OF_ORM)
    try:
        package = import_module(SQLALCHEMY)
    finally:
        for module in OF_ORM:
            del sys.modules[module]
    promised = {name: value.module for name, value in vars(package).items() if isinstance(value, _Promise)}
    for name in promised:
        delattr(package, name)

    def kept(name: str) -> object:
        """Of the package, by its `__getattr__` (PEP 562)."""
        if name not in promised:
            raise AttributeError(f"module {SQLALCHEMY!r} has no attribute {name!r}", name=name, obj=package)
        return getattr(import_module(promised[name]), name)

    package.__dict__["__getattr__"] = kept
