# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How sandboxes on an overlay get out: by a second leg in a bridge network of their host, as with Docker's docker_gwbridge."""

from __future__ import annotations

from dataclasses import replace

from .declaration import Declaration, Endpoint, Network, Sandbox
from .resolve import WAY_OUT, gateway_endpoint


def with_way_out(declaration: Declaration) -> Declaration:
    """The declaration with the network WAY_OUT, and a leg in it for every sandbox that needs one.

    The network may be declared, to choose its subnet or MTU; its sandboxes never reach each other over it.
    """
    needing = [sandbox for sandbox in declaration.sandboxes.values() if needs_way_out(declaration, sandbox)]
    if not needing and WAY_OUT not in declaration.networks:
        return declaration
    network = replace(declaration.networks.get(WAY_OUT, Network(WAY_OUT)), icc=False)
    legs = {one.name: replace(one, endpoints=tuple(sorted((*one.endpoints, Endpoint(WAY_OUT)), key=lambda leg: leg.network))) for one in needing}
    return replace(declaration, networks={**declaration.networks, WAY_OUT: network}, sandboxes={**declaration.sandboxes, **legs})


def needs_way_out(declaration: Declaration, sandbox: Sandbox) -> bool:
    """Whether a sandbox is on an overlay that leads outside, and on no other network that does (Docker's ``needDefaultGW``)."""
    networks = [declaration.networks[endpoint.network] for endpoint in sandbox.endpoints if endpoint.network in declaration.networks]
    leads = any(one.driver == "overlay" and not one.internal for one in networks)
    known = any(one.name == WAY_OUT for one in networks)
    return leads and not known and gateway_endpoint(declaration, sandbox) is None
