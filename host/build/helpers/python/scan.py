"""What the code of a guest in Python imports and defines, for `mighost build`; run by the machine's own Python.

    python scan.py FOLDER MAIN SITE

FOLDER has the code, MAIN is its main module's file, SITE is where its packages are installed. Prints JSON:
  errors     what is wrong, each a text
  defined    names at the top of the main module; "*" where it imports all of another's
  preload    [module, where]: modules to import while the component is made. `where` is null where the import may fail.
  plugins    [interface module, where]: what it imports of `mighost.plugins`
  takes      how many values each function at the top of the main module takes, where that can be told: `most` is null where any number
"""

import ast
import json
import os
import sys

OWN = {"mighost", "wit_world", "componentize_py_types", "componentize_py_runtime", "__future__"}
# They open windows, print texts, or are for the machine only.
NEVER = {"antigravity", "this", "idlelib", "turtle", "turtledemo", "tkinter", "lib2to3", "ensurepip", "venv", "test", "pdb", "curses"}
LIBRARY = getattr(sys, "stdlib_module_names", frozenset(sys.builtin_module_names))


def imports(tree):
    """All imports below `tree`: (module, level, names, line, whether it may fail)."""
    pending = [(tree, False)]
    while pending:
        node, may_fail = pending.pop()
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, 0, [], node.lineno, may_fail
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", node.level, [alias.name for alias in node.names], node.lineno, may_fail
        guarded = may_fail or isinstance(node, (ast.Try, ast.If, ast.FunctionDef, ast.AsyncFunctionDef))
        pending.extend((child, guarded) for child in ast.iter_child_nodes(node))


def parse(path, name, errors):
    with open(path, "rb") as file:
        source = file.read()
    try:
        return ast.parse(source, name)
    except SyntaxError as error:
        lines = [f"{name}:{error.lineno}: {error.msg}"]
        if error.text:
            lines.append("    " + error.text.rstrip())
            if error.offset:
                lines.append("    " + " " * (error.offset - 1) + "^")
        errors.append("\n".join(lines))
    except ValueError as error:
        errors.append(f"{name}: {error}")
    return None


def defined(tree):
    names = []
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.append(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                names.extend(inner.id for inner in ast.walk(target) if isinstance(inner, ast.Name))
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names.extend((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif not isinstance(node, ast.Expr):
            # What is defined under a condition, or in a loop.
            names.extend(inner.name for inner in ast.walk(node) if isinstance(inner, (ast.FunctionDef, ast.ClassDef)))
    return names


def takes(tree):
    """How many values a function can be called with by place. A decorator may change that, and so does a second definition."""
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    names = defined(tree)
    found = {}
    for node in functions:
        given = node.args
        needed = [name for name, default in zip(given.kwonlyargs, given.kw_defaults) if default is None]
        if node.decorator_list or needed or names.count(node.name) > 1:
            continue
        most = len(given.posonlyargs) + len(given.args)
        found[node.name] = {
            "least": most - len(given.defaults),
            "most": None if given.vararg else most,
            "line": node.lineno,
            "text": f"{node.name}({ast.unparse(given)})",
        }
    return found


def file_of(folder, module):
    """The file of a module of the guest's own, relative to its folder."""
    stem = module.replace(".", "/")
    return next((name for name in (stem + ".py", stem + "/__init__.py") if os.path.isfile(os.path.join(folder, name))), None)


def scan(folder, main, site):
    errors, preload, plugins, names, functions = [], {}, [], [], {}
    seen, pending = {main}, [main]
    while pending:
        name = pending.pop()
        tree = parse(os.path.join(folder, name), name, errors)
        if tree is None:
            continue
        if name == main:
            names, functions = defined(tree), takes(tree)
        package = os.path.dirname(name) if not name.endswith("__init__.py") else os.path.dirname(name)
        for module, level, members, line, may_fail in imports(tree):
            where = f"{name}:{line}"
            if level:
                parts = package.split("/") if package else []
                parts = parts[: len(parts) - level + 1]
                module = ".".join([*parts, module] if module else parts)
            top = module.split(".")[0]
            if module == "mighost.plugins":
                plugins.extend([member, where] for member in members)
                continue
            if top == "mighost" and module.startswith("mighost.plugins."):
                plugins.append([module.split(".")[2], where])
                continue
            if top in OWN:
                continue
            own = [file_of(folder, candidate) for candidate in [module, *(f"{module}.{member}" for member in members)] if candidate]
            own = [found for found in own if found]
            if own or file_of(folder, top):
                if not own and not may_fail:
                    errors.append(f"{where}: there is no module {module}")
                if top in LIBRARY:
                    errors.append(f"{where}: {file_of(folder, top)} has the name of a module of Python's library: call it otherwise")
                parents = [file_of(folder, ".".join(module.split(".")[:end])) for end in range(1, module.count(".") + 1)]
                for found in [*parents, *own]:
                    if found and found not in seen:
                        seen.add(found)
                        pending.append(found)
                continue
            installed = any(os.path.exists(os.path.join(site, top + end)) for end in ("", ".py"))
            if top not in LIBRARY and not installed:
                if not may_fail:
                    errors.append(
                        f"{where}: there is no module {module}: it is not beside the code nor in Python's library, and no package that "
                        "requirements.txt names has it"
                    )
                continue
            if preload.get(module) is None:
                preload[module] = None if may_fail else where
            if installed:
                # A member may be a module of its own, which is not there to be imported later.
                for member in members:
                    preload.setdefault(f"{module}.{member}", None)
    return {"errors": errors, "defined": names, "preload": preload, "plugins": plugins, "takes": functions}


def of_library(site):
    """Modules of Python's library that installed packages import: there is no library to import from later."""
    found = set()
    for place, folders, files in os.walk(site):
        folders[:] = [name for name in folders if name not in ("tests", "test", "bin") and not name.endswith(".dist-info")]
        for name in files:
            if name.endswith(".py"):
                tree = parse(os.path.join(place, name), name, [])
                for module, level, _, _, _ in imports(tree) if tree else ():
                    if not level and module.split(".")[0] in LIBRARY - NEVER:
                        found.add(module)
    return found


def run(folder, main, site):
    answer = scan(folder, main, site)
    for module in of_library(site):
        answer["preload"].setdefault(module, None)
    answer["preload"] = sorted(answer["preload"].items())
    return answer


if __name__ == "__main__":
    print(json.dumps(run(*sys.argv[1:4])))
