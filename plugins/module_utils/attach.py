# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds on this host the namespaces of others that a declaration speaks of."""

from __future__ import annotations

import os
from dataclasses import replace

from .kernel import namespaces
from .model.declaration import Declaration, Sandbox
from .model.problem import Problem
from .model.report import Report
from .model.resolve import gateway_endpoints, gateway_mode


def attach(declaration: Declaration) -> tuple[Declaration, list[Problem]]:
    """``declaration`` with the path of each such namespace in the place of its container or process, and what is wrong with them.

    A sandbox whose namespace is not there has none then, where that is declared (``missing: ignore``), and is a problem otherwise.
    """
    report = Report()
    found = {name: sandbox if sandbox.namespace is None else _found(report, declaration, sandbox) for name, sandbox in declaration.sandboxes.items()}
    attached = replace(declaration, sandboxes=found)
    if any(one.namespace for one in attached.sandboxes.values()):
        _check_places(report, attached)
    return attached, report.problems


def places_of(declaration: Declaration) -> list[str]:
    """The paths of the namespaces that ``attach`` has found."""
    return [one.namespace[1] for one in declaration.sandboxes.values() if one.namespace is not None]


def without_missing(declaration: Declaration) -> Declaration:
    """``declaration``, in which no namespace of others needs to be there."""
    return replace(declaration, sandboxes={name: replace(one, missing="ignore") for name, one in declaration.sandboxes.items()})


def _found(report: Report, declaration: Declaration, sandbox: Sandbox) -> Sandbox:
    # Few hosts have such a sandbox, and a host compiles what a task imports anew.
    from .kernel.others import Absent, find_namespace, led_elsewhere

    kind, which = sandbox.namespace or ("", "")
    try:
        path = find_namespace(kind, which)
        elsewhere = led_elsewhere(path)
    except Absent as absent:
        if sandbox.missing != "ignore":
            report.add(f"cnm_sandboxes.{sandbox.name}.{kind}", which, f"{absent}: start it, or declare 'missing: ignore'")
        return replace(sandbox, namespace=None)
    gateways = {family: declaration.networks[leg.network] for family, leg in gateway_endpoints(declaration, sandbox).items()}
    if sandbox.ports and any(family in elsewhere and gateway_mode(network, family) == "routed" for family, network in gateways.items()):
        message = "its namespace has a default route of its own, by which no answer from a routed network would come back"
        report.add(f"cnm_sandboxes.{sandbox.name}.ports", f"{len(sandbox.ports)} ports", f"{message}: publish ports by the means of who made it")
    return replace(sandbox, namespace=("netns", path), led_elsewhere=elsewhere)


def _check_places(report: Report, declaration: Declaration) -> None:
    """Each is a namespace of its own: not the host's, not that of another sandbox."""
    holders = {os.stat(namespaces.OWN).st_ino: "the host itself (network_mode: host)"}
    holders.update((inode, f"sandbox {name}") for name, inode in namespaces.names().items() if _has_its_own(declaration.sandboxes.get(name)))
    for name, sandbox in sorted(declaration.sandboxes.items()):
        if sandbox.namespace is not None:
            path = sandbox.namespace[1]
            with namespaces.opened(path) as there:  # it may have ended since it was found
                inode = os.fstat(there).st_ino
            if inode in holders:
                report.add(f"cnm_sandboxes.{name}", path, f"this is the namespace of {holders[inode]}: declare one of the two")
            holders.setdefault(inode, f"sandbox {name}")


def _has_its_own(sandbox: Sandbox | None) -> bool:
    return sandbox is not None and sandbox.mode not in ("attached", "host")
