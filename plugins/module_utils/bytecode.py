# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytecode of this collection is kept on the host. Ansible sends sources alone, in an archive, and Python would compile them anew in every task, and so
what ``dataclasses`` makes of the classes in them, which is text too.

A module imports this first; it holds for all that is imported from the same archive after it. By Python's rule for bytecode that goes by its source and
not by a time (PEP 552) what is kept is taken or made anew, so that releases of this collection may alternate on a host. Where nothing can be kept or
trusted, all is compiled, as without it.
"""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import importlib.util
import marshal
import os
import sys
import zipimport
from collections import Counter
from typing import Callable

FOLDER = "/var/cache/mooring.cnm"

# By the name of a module, or that and the number of a text that is made for it: the hash of its source, and its code.
Codes = dict[str, tuple[bytes, bytes]]


def read_codes(path: str) -> Codes:
    """What is kept at ``path``: nothing where it is not whole, is another Python's, or somebody else could have written it."""
    with contextlib.suppress(OSError), open(path, "rb") as file:
        folder, content = os.stat(os.path.dirname(path)), file.read()
        body = content[len(_head(b"")) :]
        if folder.st_uid == os.geteuid() and not folder.st_mode & 0o077 and content.startswith(_head(body)):
            return marshal.loads(body)
    return {}


def write_codes(path: str, codes: Codes) -> None:
    """Keep ``codes``, on a host where that can be done. The folder is for root alone, whose processes run what is in it."""
    body = marshal.dumps(codes)
    with contextlib.suppress(OSError):
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(path, "wb") as file:
            file.write(_head(body) + body)


def _head(body: bytes) -> bytes:
    """What only this Python, and only a whole file, begins with."""
    return importlib.util.MAGIC_NUMBER + importlib.util.source_hash(body)


def _keep(path: str, below: str) -> None:
    """Let what is in an archive ``below`` this folder be imported with the code that is kept at ``path``, and what is compiled be kept there."""
    kept, added = read_codes(path), Codes()
    texts: Counter[str] = Counter()

    def code_of(name: str, source: bytes, make: Callable[[], object]) -> object:
        source_hash = importlib.util.source_hash(source)
        if name not in kept or kept[name][0] != source_hash:
            kept[name] = added[name] = (source_hash, marshal.dumps(make()))
        return marshal.loads(kept[name][1])

    def execute(text: str, space: dict[str, object], names: dict[str, object]) -> None:
        """As ``exec`` does, which it takes the place of."""
        module, code = str(space.get("__name__")), text
        if module in kept:
            texts[module] += 1
            code = code_of(f"{module} {texts[module]}", text.encode(), lambda: compile(text, "<string>", "exec", dont_inherit=True))
        exec(code, space, names)

    class Importer(zipimport.zipimporter):
        def __init__(self, folder: str) -> None:
            if not folder.startswith(below):
                raise ImportError(f"{folder} is not in {below}")
            super().__init__(folder)

        def get_filename(self, fullname: str) -> str:
            # Python's own answer comes with the code, which it compiles for that.
            return f"{self.archive}/{self.prefix}{fullname.rpartition('.')[2]}{'/__init__' * self.is_package(fullname)}.py"

        def get_code(self, fullname: str) -> object:
            return code_of(fullname, self.get_data(self.get_filename(fullname)), lambda: super(Importer, self).get_code(fullname))

    sys.path_hooks.insert(0, Importer)
    sys.path_importer_cache.pop(below, None)
    dataclasses.exec = execute
    atexit.register(lambda: added and write_codes(path, {**read_codes(path), **added}))


# Before Python 3.10, what imports from archives does not ask for code in this way.
if isinstance(getattr(__spec__, "loader", None), zipimport.zipimporter) and sys.version_info >= (3, 10):
    _keep(f"{FOLDER}/{sys.implementation.cache_tag}.bytecode", os.path.dirname(__file__))
