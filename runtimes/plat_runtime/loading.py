"""Find and import the user's handler; every error becomes a StartError."""

import importlib
import importlib.util
import os
import sys
from types import ModuleType
from typing import Any, NamedTuple

from plat_runtime.faults import Reason, StartError, set_code_folder, user_traceback

MODULES = ("app", "main", "function", "handler", "lambda_function")
ATTRIBUTES = ("app", "application", "handler", "main", "function", "lambda_handler")


class Name(NamedTuple):
    """A handler's name; an empty attribute means: the first of ATTRIBUTES the module has."""

    module: str
    attribute: str

    def __str__(self) -> str:
        return f"{self.module}:{self.attribute}" if self.attribute else self.module


class Handler(NamedTuple):
    """A handler and its name."""

    name: Name
    value: Any


def find_name(text: str, code: str) -> Name:
    """Return the module and attribute that ``text`` (PLAT_HANDLER, maybe empty) means."""
    if not text:
        return Name(_default_module(code), "")
    module, colon, attribute = text.partition(":")
    if len(text) > 200 or not _is_dotted(module) or (colon and not _is_dotted(attribute)):
        raise StartError(Reason.NOT_FOUND, f"handler {text[:200]!r} is not of the form module:name")
    if not colon and "." in module and source_of(module, code) is None:
        module, _, attribute = module.rpartition(".")
    return Name(module, attribute)


def _is_dotted(text: str) -> bool:
    return all(part.isidentifier() for part in text.split("."))


def _default_module(code: str) -> str:
    for module in MODULES:
        if source_of(module, code):
            return module
    present = ", ".join(_python_files(code)) or "no Python file"
    raise StartError(
        Reason.NOT_FOUND,
        f"the code has none of {', '.join(f'{module}.py' for module in MODULES)}, but {present}; "
        'name the handler in function.json: "handler": "module:name"',
    )


def _python_files(code: str) -> list[str]:
    try:
        files = sorted(entry for entry in os.listdir(code) if entry.endswith(".py"))
    except OSError as error:
        raise StartError(Reason.NOT_FOUND, f"the code cannot be read: {error}") from error
    return files[:20]


def source_of(module: str, code: str) -> str | None:
    """Return the file in the user's code that ``module`` would be read from, if there is one."""
    path = os.path.join(code, *module.split("."))
    for candidate in (f"{path}.py", os.path.join(path, "__init__.py")):
        if os.path.isfile(candidate):
            return candidate
    return None


def load(name: Name, code: str) -> Handler:
    """Import the module and pick the handler out of it."""
    return pick(import_module(name.module, code), name)


def import_module(name: str, code: str) -> ModuleType:
    """Import the user's module; every error becomes a StartError."""
    with Guarded(name, code):
        return importlib.import_module(name)


class Guarded:
    """Context manager that turns exceptions of the user's import code into StartError."""

    def __init__(self, module: str, code: str) -> None:
        self._module = module
        self._code = code

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None or isinstance(error, StartError):
            return
        raise explain(error, self._module, self._code) from None


def explain(error: BaseException, module: str, code: str) -> StartError:
    """Return the StartError for an exception at import."""
    trace = user_traceback(error)
    if isinstance(error, SyntaxError):
        place = f"{_relative(error.filename, code)}:{error.lineno or 1}"
        return StartError(Reason.SYNTAX, f"{place}: {error.msg}", trace)
    if isinstance(error, ModuleNotFoundError) and error.name:
        return _missing(error.name, module, code, trace)
    if isinstance(error, ImportError):
        return StartError(Reason.IMPORT, str(error), trace)
    if isinstance(error, SystemExit):
        message = f"{module} called sys.exit({error.code!r}) while it was imported"
        return StartError(Reason.EXITED, message, trace)
    message = f"{module} failed while it was imported: {type(error).__name__}: {error}"
    return StartError(Reason.FAILED, message, trace)


def _relative(filename: str | None, code: str) -> str:
    path = filename or "?"
    return os.path.relpath(path, code) if path.startswith(code + os.sep) else path


def _missing(missing: str, module: str, code: str, trace: str) -> StartError:
    if (module + ".").startswith(missing + ".") and source_of(module, code) is None:
        present = ", ".join(_python_files(code)) or "no Python file"
        message = f"there is no module {module!r} in the code, which has {present}"
        return StartError(Reason.NOT_FOUND, message)
    message = (
        f"{module} needs the module {missing!r}, which is not installed; "
        "add its package to requirements.txt"
    )
    return StartError(Reason.IMPORT, message, trace)


def pick(module: ModuleType, name: Name) -> Handler:
    """Return the handler called ``name`` in ``module``, or the only possible one."""
    if name.attribute:
        return Handler(name, _attribute(module, name))
    for attribute in ATTRIBUTES:
        value = getattr(module, attribute, None)
        if callable(value) or isinstance(value, ModuleType):
            return Handler(Name(name.module, attribute), value)
    own = candidates(module)
    if len(own) == 1:
        return Handler(Name(name.module, own[0]), getattr(module, own[0]))
    raise StartError(
        Reason.NOT_FOUND,
        f"{name.module} has none of {', '.join(ATTRIBUTES)}; {_has(own)}; "
        f'name one in function.json: "handler": "{name.module}:{own[0] if own else "name"}"',
    )


def _attribute(module: ModuleType, name: Name) -> Any:
    value: Any = module
    for part in name.attribute.split("."):
        try:
            value = getattr(value, part)
        except AttributeError:
            message = f"{name.module} has no {name.attribute!r}; {_has(candidates(module))}"
            raise StartError(Reason.NOT_FOUND, message) from None
    return value


def _has(names: list[str]) -> str:
    return f"it has {', '.join(names[:20])}" if names else "it defines nothing callable"


def candidates(module: ModuleType) -> list[str]:
    """Return the names of the module's own objects that could be a handler."""
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and callable(value)
        and not isinstance(value, type)
        and _is_own(value, module)
    ]


def _is_own(value: Any, module: ModuleType) -> bool:
    """Whether ``value`` is a function of ``module``, or an instance of some class."""
    home = getattr(value, "__module__", None)
    kind = type(value).__module__
    return home == module.__name__ or (home == kind and kind not in ("builtins", "typing"))


def open_code(code: str) -> None:
    """Put the user's code first on the import path, and make its folder the working directory."""
    sys.path.insert(0, code)
    set_code_folder(code)
    try:
        os.chdir(code)
    except OSError as error:
        raise StartError(Reason.NOT_FOUND, f"the code cannot be read: {error}") from error


def add_packages(folders: tuple[str, ...]) -> None:
    """Add site folders, each with its ``.pth`` files, and define ``exit`` and ``quit``."""
    import site

    site.setquit()
    for folder in folders:
        site.addsitedir(folder)


def installed(package: str) -> bool:
    """Whether ``package`` can be imported."""
    return importlib.util.find_spec(package) is not None
