"""What the component of a guest in Python runs first: it finds the guest's code among the assets, and tells of exceptions.

The code is an asset and not part of the component, so that components of guests with the same imports and exports are the same, and are
made and compiled once.
"""

import importlib
import importlib.abc
import importlib.machinery
import json
import linecache
import pkgutil
import sys
import types

import wit_world.imports
from componentize_py_types import Err
from wit_world.imports import assets, context

# All of them now: there are no files to import from later.
for _module in pkgutil.iter_modules(wit_world.imports.__path__, "wit_world.imports."):
    importlib.import_module(_module.name)
sys.modules["mighost.plugins"] = wit_world.imports

# The module that has the functions; the component's own code sets it.
main = "plugin"

# Where the host puts the guest's files.
FOLDER = "mighost:code/"

WHY = {
    "_socket": "network",
    "socket": "network",
    "ssl": "network",
    "subprocess": "processes",
    "multiprocessing": "processes",
    "ctypes": "libraries of the machine",
}


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports modules from the assets."""

    def __init__(self):
        self.names = set(assets.names())

    def find_spec(self, name, path=None, target=None):
        stem = FOLDER + name.replace(".", "/")
        for place, package in ((stem + "/__init__.py", True), (stem + ".py", False)):
            if place in self.names:
                spec = importlib.machinery.ModuleSpec(name, self, origin=place[len(FOLDER):], is_package=package)
                spec.has_location = True
                return spec
        return None

    def exec_module(self, module):
        origin = module.__spec__.origin
        source = assets.read(FOLDER + origin).decode()
        linecache.cache[origin] = (len(source), None, source.splitlines(True), origin)
        exec(compile(source, origin, "exec", dont_inherit=True), module.__dict__)


_guest = None
_instances = {}


def guest():
    """The guest's main module, imported at the first call."""
    global _guest
    if _guest is None:
        sys.meta_path.insert(0, Finder())
        # What is printed goes to --verbose; nobody flushes it when the call ends.
        sys.stdout.reconfigure(line_buffering=True)
        _guest = importlib.import_module(main)
    return _guest


def find(interface, function, otherwise=None):
    """The guest's function: at the top of its main module or, where several interfaces are exported, in a class of the interface's name.
    Where it has none, `otherwise`."""
    module = guest()
    found = getattr(module, function, None)
    if found is None:
        name = interface.title().replace("_", "")
        inside = getattr(module, name, None)
        if isinstance(inside, type):
            if name not in _instances:
                _instances[name] = inside()
            found = getattr(_instances[name], function, None)
    found = found or otherwise
    if found is None:
        raise AttributeError(f"{module.__spec__.origin} has no function {function}")
    return found


# What a call of an async function, or of one with a yield, answers: nothing of its code has run.
LATE = (types.CoroutineType, types.GeneratorType, types.AsyncGeneratorType)


def describe(error):
    """What a person needs of an exception: its text, and the lines of the guest's own files that led to it."""
    text = str(error).strip()
    lines = [f"{type(error).__name__}: {text}" if text else type(error).__name__]
    if isinstance(error, SyntaxError):
        lines = [f"{type(error).__name__}: {error.msg}", f"  {error.filename}:{error.lineno}"]
        if error.text:
            lines.append(f"    {error.text.strip()}")
    trace = error.__traceback__
    frames = []
    while trace is not None:
        frames.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno, trace.tb_frame.f_code.co_name))
        trace = trace.tb_next
    own = [frame for frame in frames if not frame[0].startswith(("/", "<"))]
    for filename, line, name in own[-10:]:
        lines.append(f"  {filename}:{line}" + ("" if name == "<module>" else f" in {name}"))
        if source := linecache.getline(filename, line).strip():
            lines.append(f"    {source}")
    if note := why(error):
        lines.append(note)
    for note in getattr(error, "__notes__", ()):
        lines.append(str(note))
    cause = error.__cause__
    if cause is not None:
        lines.append("caused by " + describe(cause))
    return "\n".join(lines)


def why(error):
    """Why something works elsewhere and not here."""
    if isinstance(error, ModuleNotFoundError):
        name = (error.name or "").split(".")[0]
        if name in WHY:
            return f"the sandbox has no {WHY[name]}"
        if name in sys.stdlib_module_names:
            return f"{error.name} is not in the component: import it by a plain `import {error.name}`, so that mighost sees it when it builds"
        return "a package is installed where requirements.txt beside the code names it"
    if isinstance(error, RuntimeError) and "new thread" in str(error):
        return "the sandbox has no threads"
    if isinstance(error, OSError) and type(error).__module__ == "builtins" and error.errno is not None:
        return "the sandbox has no files, network and processes; files below assets/ are read by mighost.asset"
    return None


def call(interface, function, tells_host=False, otherwise=None, given=None):
    """A function of the component that calls the guest's, or `otherwise`. `tells_host`: the host itself takes an error that is returned. `given` makes
    the arguments, where the world's function has none."""
    found = None

    def forward(self, *arguments):
        nonlocal found
        try:
            if found is None:
                found = find(interface, function, otherwise)
            answer = found(*(given() if given else arguments))
            if isinstance(answer, LATE):
                answer.close()
                raise TypeError(f"{function} must be a plain function: one that is async, or has a yield, would not run")
            return answer
        except Err:
            raise
        except BaseException as error:
            text = describe(error)
        if tells_host:
            raise Err(text)
        context.fail(text)

    return forward


def replace(before, after):
    """The old object goes and the new one comes."""
    find("kind_provider", "drop")(before)
    find("kind_provider", "create")(after)


def introspect(kind, schema):
    """No objects are found."""
    return []


def step():
    """The step that a hook takes part in."""
    info = wit_world.imports.step_info
    return (
        types.SimpleNamespace(
            direction=context.current_direction(),
            revision=context.revision(),
            message=info.message(),
            down_revisions=info.down_revisions(),
            heads_before=info.heads_before(),
            heads_after=info.heads_after(),
            operator=info.operator(),
            number=info.number(),
            total=info.total(),
        ),
    )


def objects(self):
    """A migration's objects: a mapping, or pairs."""
    try:
        found = getattr(guest(), "objects", dict)()
        return list(found.items() if hasattr(found, "items") else found or ())
    except BaseException as error:
        context.fail(describe(error))


def preload(modules):
    """Imports what the guest's files import, while the component is made: there is no library to import from later."""
    for name, where in modules:
        try:
            importlib.import_module(name)
        except BaseException as error:
            if where is not None:
                print(f"mighost: {where} imports {name}, which fails in the sandbox: {describe(error)}", file=sys.stderr)
                raise SystemExit(1)
