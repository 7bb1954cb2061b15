# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How raw dictionaries and lists are read: every problem goes into the Report, and the rest is returned."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .report import Report, Unreadable, UnreadableItems, shown, suggestion
from .values import Reader


def as_given(value: object) -> object:
    """The reader of what is read later, by one who knows more."""
    return value


def read_items(report: Report, path: str, raw: object, expected: str = "a dictionary") -> list[tuple[str, object]]:
    """The items of a dictionary with text keys; null is an empty one. Other keys, and what is no dictionary, are reported: expected says what would do."""
    if raw is None:
        return []
    if not isinstance(raw, dict):
        report.add(path, raw, f"{expected} is expected")
        return []
    items = []
    for key, value in raw.items():
        if isinstance(key, str):
            items.append((str(key), value))
        else:
            report.add(f"{path}.{shown(key)}", key, "a key must be text: put it in quotes")
    return items


def read_keys(report: Report, path: str, raw: object, keys: Keys) -> dict[str, Any]:
    """What a dictionary holds under its known keys. A key whose value is null counts as left out."""
    found = {}
    items = read_items(report, path, raw)
    for key, value in items:
        reader = keys.readers.get(key)
        if reader is None:
            if key not in keys.not_yet:
                report.add(f"{path}.{shown(key)}", value, f"there is no key '{shown(key)}' here: {suggestion(key, keys.readers, keys.not_yet)}")
            elif value is not None:
                report.add(f"{path}.{key}", value, f"'{key}' is not yet supported: leave it out")
        elif value is not None:
            try:
                found[key] = reader(value)
            except UnreadableItems as error:
                for at, item, message in error.items:
                    report.add(f"{path}.{key}{at}", item, message)
            except Unreadable as error:
                report.add(f"{path}.{key}", value, str(error))
    if keys.required and isinstance(raw, (dict, type(None))):
        present = {key for key, value in items if value is not None}
        for key in keys.required:
            if key not in present:
                report.add(f"{path}.{key}", None, f"'{key}' is missing")
    return found


def add_opts(report: Report, path: str, found: dict[str, Any], opts: Mapping[str, Any], meanings: Mapping[str, str]) -> None:
    """Puts Docker's ``driver_opts`` where the typed keys are; one meaning given twice with two values is reported. meanings: the typed key of each."""
    for opt in sorted(opts):
        key = meanings[opt]
        if key in found and found[key] != opts[opt]:
            report.add(f"{path}.{opt}", str(opts[opt]), f"'{key}' means the same and is given with another value: keep one of the two")
        found.setdefault(key, opts[opt])


def read_list(report: Report, path: str, raw: object, reader: Reader) -> list[Any]:
    """The readable items of a list; null is an empty one."""
    found = []
    for item_path, item in list_items(report, path, raw):
        try:
            found.append(reader(item))
        except Unreadable as error:
            report.add(item_path, item, str(error))
    return found


def list_items(report: Report, path: str, raw: object) -> Iterator[tuple[str, object]]:
    """Each item of a list with its path; null is an empty list, and what is no list is reported."""
    if isinstance(raw, (list, tuple)):
        for index, item in enumerate(raw):
            yield f"{path}[{index}]", item
    elif raw is not None:
        report.add(path, raw, "a list is expected")


def read_pairs(report: Report, path: str, raw: object, separators: str) -> Iterator[tuple[str, str, object]]:
    """(path, name, value) of each pair in a dictionary, or in a list of texts with one of the ``separators``."""
    if not isinstance(raw, (list, tuple)):
        for name, value in read_items(report, path, raw, f"a dictionary, or a list of texts such as name{separators[-1]}value,"):
            yield f"{path}.{shown(name)}", name, value
        return
    for item_path, item in list_items(report, path, raw):
        match = re.match(f"([^{separators}]+)[{separators}](.*)", str(item), re.DOTALL) if isinstance(item, str) else None
        if match:
            yield item_path, match[1], match[2]
        else:
            report.add(item_path, item, f"text such as name{separators[-1]}value is expected")


@dataclass(frozen=True)
class Keys:
    """The keys that one kind of dictionary may have: how each is read, which are known but not yet supported, and which it must have."""

    readers: Mapping[str, Reader]
    not_yet: frozenset[str] = frozenset()
    required: tuple[str, ...] = ()
