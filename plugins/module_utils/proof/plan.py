# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof as data: what each host listens on and sends, and what all of it should come to."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any, Collection, Dict, List, Mapping, Optional

from ..model.declaration import Declaration
from .expect import rows
from .row import Row, listener_name
from .sample import choose
from .site import Site, survey


def proof_plan(
    declarations: Mapping[str, Declaration], underlay: Mapping[str, Optional[IPv4Address]], mode: str, run: str, hosts: Optional[Collection[str]] = None,
) -> Dict[str, Dict[str, Any]]:
    """The files of a proof, by name below the plan's directory, each to be written as JSON.

    declarations, underlay: of every host of the fleet, fully resolved. mode: ``full``, ``sample`` or ``none``. run: text nobody can
    guess, new for every run. hosts: those on which work is done, all if left out; nothing is asked of or at any other.

    ``proof.json`` has ``run``, ``rows``, ``pairs`` (chosen, of), ``hosts`` (underlay, sandboxes, aliases). ``proof/HOST.json`` has
    the parameters of the module probe on that host: ``run``, ``listen``, ``probes``, ``lifetime_s``, ``idle_s``.
    """
    working = {host: declared for host, declared in declarations.items() if hosts is None or host in hosts}
    sites = survey(working, underlay)
    numbers: Dict[Row, int] = {}
    controls: Dict[int, List[int]] = {}
    chosen, total = choose(sites, mode)
    pairs = 0
    for pair in chosen:
        pairs += 1
        for row, its_controls in rows(*pair):
            number = numbers.setdefault(row, len(numbers))
            controls[number] = [numbers.setdefault(control, len(numbers)) for control in its_controls]
    files = {f"proof/{site.host}.json": _host_file(len(sites), run) for site in sites}
    for row, number in numbers.items():
        files[f"proof/{row.source[0]}.json"]["probes"].append(_probe(row, number))
        if row.listener:
            name = listener_name(row.target, row.proto, row.listener)
            listener = {"in": row.target[1] or "host", "proto": row.proto, "port": row.listener, "name": name}
            files[f"proof/{row.target[0]}.json"]["listen"].setdefault(name, listener)
    for file in files.values():
        file["listen"] = list(file["listen"].values())
    files["proof.json"] = {
        "run": run, "mode": mode, "pairs": {"chosen": pairs, "of": total},
        "hosts": {site.host: _host_words(site) for site in sites},
        "rows": [{**row.as_dict(), "id": number, "controls": controls.get(number, [])} for row, number in numbers.items()],
    }
    return files


def _host_file(hosts: int, run: str) -> Dict[str, Any]:
    """Listeners must outlast the two tasks on every other host, which Ansible may take to one after the other."""
    return {"run": run, "listen": {}, "probes": [], "lifetime_s": 120 + 2 * hosts, "idle_s": 8 + hosts}


def _probe(row: Row, number: int) -> Dict[str, Any]:
    probe = {"id": number, "from": row.source[1] or "host", "to": row.address, "proto": row.proto, "port": row.port, "expect": row.expect}
    return {**probe, "listener": listener_name(row.target, row.proto, row.listener)}


def _host_words(site: Site) -> Dict[str, Any]:
    return {"underlay": str(site.underlay) if site.underlay else None, "sandboxes": list(site.sandboxes), "aliases": dict(site.aliases)}
