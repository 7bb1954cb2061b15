# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine as files: the boot entry and all that it imports from this collection, wherever this Python found it."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from collections.abc import Iterator
from importlib.abc import InspectLoader
from zipimport import zipimporter

from .. import boot

PACKAGE = "mooring_cnm"
_MAIN = f"""\
import sys

from {PACKAGE}.boot import main

sys.exit(main(sys.argv[1]))
"""


def read_engine() -> dict[str, str]:
    """Source by path of a folder that Python can run. The sources come as they were imported: from a folder, or from Ansible's archive."""
    top = boot.__name__.rpartition(".")[0]
    found: dict[str, str] = {}
    waiting = {boot.__name__}
    while waiting:
        name = waiting.pop()
        source = _source_of(name)
        if source is not None:
            found[name] = source
            waiting |= {imported for imported in _imports_of(name, source) if imported.startswith(top + ".")} - set(found)
    files = {f"{PACKAGE}/{name[len(top) + 1 :].replace('.', '/')}.py": source for name, source in found.items()}
    return {"__main__.py": _MAIN, **{path: files[path] for path in sorted(files)}}


def digest_of(engine: dict[str, str]) -> str:
    """A name for exactly these files."""
    return hashlib.sha256("\0".join(text for item in sorted(engine.items()) for text in item).encode()).hexdigest()[:12]


def _source_of(name: str) -> str | None:
    """The source of a module; None for a name that is none: a package without code, or something in a module."""
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        return None
    is_module = spec is not None and spec.submodule_search_locations is None
    return spec.loader.get_source(name) if spec and is_module and isinstance(spec.loader, (InspectLoader, zipimporter)) else None


def _imports_of(name: str, source: str) -> Iterator[str]:
    """Absolute names of all that a module imports relative to itself: ``from .a import b`` yields a and a.b, as b may be a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = ".".join([*name.split(".")[: -node.level], *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
