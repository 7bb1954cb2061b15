# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof as data: what each host listens on and sends, and what all of it should come to."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Any
from urllib.parse import quote

from ..model.declaration import Declaration
from .expect import rows
from .packet import mark
from .row import Row, listener_name, transport
from .sample import choose
from .site import Site, survey

WHOLE = "proof.json"


def proof_plan(
    declarations: Mapping[str, Declaration],
    underlay: Mapping[str, IPv4Address | None],
    mode: str,
    run: str,
) -> dict[str, dict[str, Any]]:
    """The files of a proof by name, each with what is to be written into it as JSON.

    declarations, underlay: of every host that this run works on, fully resolved. mode: ``full``, ``sample`` or ``none``. run: text
    nobody can guess, new for every run.

    WHOLE has ``proof`` (a name for it), ``mode``, ``rows``, ``pairs`` (chosen, of) and ``hosts`` (underlay, sandboxes, aliases).
    ``file_of(host)`` has the parameters of the module probe on that host: ``proof``, ``run``, ``listen``, ``probes``,
    ``lifetime_s``, ``idle_s``. So no host's task reads what concerns others.
    """
    sites = survey(declarations, underlay)
    numbers: dict[Row, int] = {}
    controls: dict[int, list[int]] = {}
    chosen, total = choose(sites, mode)
    pairs = 0
    for pair in chosen:
        pairs += 1
        for row, its_controls in rows(*pair):
            number = numbers.setdefault(row, len(numbers))
            controls[number] = [numbers.setdefault(control, len(numbers)) for control in its_controls]
    parts = {site.host: _host_file(len(sites), run) for site in sites}
    listeners: dict[str, dict[str, dict[str, Any]]] = {site.host: {} for site in sites}
    for row, number in numbers.items():
        name = listener_name(row)
        parts[row.source[0]]["probes"].append(_probe(row, number, name))
        host, sandbox = row.target
        if row.listener and name not in listeners[host]:
            listeners[host][name] = {"in": sandbox or "host", "proto": transport(row), "port": row.listener, "name": name}
    files = {file_of(host): {**part, "listen": list(listeners[host].values())} for host, part in parts.items()}
    files[WHOLE] = {
        "proof": mark(run, "proof"),
        "mode": mode,
        "pairs": {"chosen": pairs, "of": total},
        "hosts": {site.host: _host_words(site) for site in sites},
        "rows": [{**row.as_dict(), "id": number, "controls": controls.get(number, [])} for row, number in numbers.items()],
    }
    return files


def file_of(host: str) -> str:
    """The file with a host's part of the proof."""
    return f"proof-{quote(host, safe='')}.json"


def _host_file(hosts: int, run: str) -> dict[str, Any]:
    """Listeners must outlast the two tasks on every other host, which Ansible may take to one after the other."""
    return {"proof": mark(run, "proof"), "run": run, "listen": [], "probes": [], "lifetime_s": 120 + 2 * hosts, "idle_s": 8 + hosts}


def _probe(row: Row, number: int, listener: str) -> dict[str, Any]:
    return {
        "id": number,
        "from": row.source[1] or "host",
        "to": row.address,
        "proto": row.proto,
        "port": row.port,
        "expect": row.expect,
        "listener": listener,
        **({"size": row.size} if row.size else {}),
    }


def _host_words(site: Site) -> dict[str, Any]:
    return {"underlay": str(site.underlay) if site.underlay else None, "sandboxes": list(site.sandboxes), "aliases": dict(site.aliases)}
