# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sandboxes whose namespace somebody else made: a container, a process, any namespace by its path."""

from __future__ import annotations

import re
from typing import Any

from .report import Report, Unreadable
from .values import integer_between, read_text

# A name or an id, as Docker and Podman have them.
CONTAINER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")
PATH = re.compile(r"(/[A-Za-z0-9_.:@+-]+)+")
MISSING = ("fail", "ignore")
KINDS = ("container", "pid", "netns")


def read_container(value: object) -> str:
    """The name or id of a container."""
    text = read_text(value)
    if not CONTAINER.fullmatch(text):
        raise Unreadable("the name or id of a container is expected")
    return text


def read_path(value: object) -> str:
    """The path of a namespace."""
    text = read_text(value)
    if not PATH.fullmatch(text) or ".." in text.split("/"):
        raise Unreadable("the path of a network namespace is expected, such as /run/netns/name or /proc/1234/ns/net")
    return text


def read_missing(value: object) -> str:
    """What to do where the namespace is not there."""
    text = read_text(value)
    if text not in MISSING:
        raise Unreadable("fail or ignore is expected")
    return text


READERS = {"container": read_container, "pid": integer_between(1, 2**22), "netns": read_path, "missing": read_missing}


def read_attachment(report: Report, path: str, found: dict[str, Any]) -> tuple[tuple[str, str] | None, str]:
    """Takes out of ``found`` which namespace of somebody else it is, as (kind, which), and what to do where it is missing."""
    given = [(kind, str(found.pop(kind))) for kind in KINDS if kind in found]
    missing = found.pop("missing", None)
    if len(given) > 1:
        kind, which = given[1]
        report.add(f"{path}.{kind}", which, f"'{given[0][0]}' says already which namespace it is: keep one of the two")
    if missing is not None and not given:
        report.add(f"{path}.missing", missing, "only the namespace of somebody else can be missing: leave it out, or declare container, pid or netns")
    if given and "network_mode" in found:
        mode, joins = found.pop("network_mode")
        value = f"{mode}:{joins}" if joins else mode
        report.add(f"{path}.network_mode", value, f"'{given[0][0]}' says already which namespace it is: keep one of the two")
    return (given[0] if given else None), missing or MISSING[0]
