"""What libraries load whether it is used or not, loaded when it is: fourteen megabytes of every process."""

import sys
from collections.abc import Iterable
from importlib import import_module
from types import ModuleType
from typing import Any, Final

from pydantic import BaseModel
from typing_extensions import override

RICH: Final = "rich"
FORMER_PYDANTIC: Final = "pydantic.v1"

LEFT_OUT: Final = {
    # They load the ORM.
    "sqlalchemy.ext.asyncio": ("sqlalchemy.ext.asyncio.scoping", "sqlalchemy.ext.asyncio.session"),
    # Its command line, and with it Click; ours has another.
    "uvicorn": ("uvicorn.main",),
    # For keys inside certificates, of which we read none.
    "jose.backends.cryptography_backend": ("cryptography.x509",),
}
"""Of which modules nothing here has a use, by who loads them."""


class _Promise:
    """Stands for a name of a module that is not loaded yet."""

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name

    def kept(self) -> Any:  # noqa: ANN401  it may be anything
        """What it stands for."""
        return getattr(import_module(self._module), self._name)

    def __call__(self, *args: object, **options: object) -> object:
        return self.kept()(*args, **options)


class _Promises(ModuleType):
    """Stands for such a module."""

    @override
    def __getattr__(self, name: str) -> _Promise:
        return _Promise(self.__name__, name)


def load_slim() -> None:
    """Load them before anything else does; what they leave out still comes when somebody asks for it.

    Only Pydantic's former self does not: FastAPI asks for it at each parameter, to refuse models of that kind.
    """
    _take_as_missing(FORMER_PYDANTIC)
    if RICH not in sys.modules:
        # No log of ours is written by it.
        _take_as_missing(RICH)
        import_module("structlog")
        del sys.modules[RICH]
    _load_fastapi()
    for loader, modules in LEFT_OUT.items():
        if loader not in sys.modules:
            _load_without(loader, [module for module in modules if module not in sys.modules])


def _take_as_missing(module: str) -> None:
    # What Python takes as "not installed", which those who ask are made for.
    sys.modules.setdefault(module, None)  # type: ignore[arg-type]


def _load_fastapi() -> None:
    # Few processes are asked for an OpenAPI document: what it consists of is then built when it is used first.
    BaseModel.model_config["defer_build"] = True
    try:
        import_module("fastapi.openapi.models")
    finally:
        del BaseModel.model_config["defer_build"]


def _load_without(loader: str, modules: Iterable[str]) -> None:
    sys.modules.update((module, _Promises(module)) for module in modules)
    try:
        loaded = import_module(loader)
    finally:
        for module in modules:
            del sys.modules[module]
    # A package hands its names on; any other module calls them, which a promise keeps.
    if hasattr(loaded, "__path__"):
        _hand_on(loaded)


def _hand_on(package: ModuleType) -> None:
    promised = {name: value for name, value in vars(package).items() if isinstance(value, _Promise)}
    for name in promised:
        delattr(package, name)

    def kept(name: str) -> object:
        """Of the package, by its `__getattr__` (PEP 562)."""
        if name not in promised:
            raise AttributeError(f"module {package.__name__!r} has no attribute {name!r}", name=name, obj=package)
        value = promised[name].kept()
        # Not the module of that name, which loading it has put there.
        setattr(package, name, value)
        return value

    package.__dict__["__getattr__"] = kept
