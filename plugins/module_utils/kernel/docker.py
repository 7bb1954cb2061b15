# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which networks a Docker engine has on this host that it does not close itself to networks of ours."""

from __future__ import annotations

from ..firewall import run as firewall
from ..firewall.docker import open_bridges
from ..firewall.text import parse_save
from ..state.tag import LINK_GROUP
from .dumps import read_links
from .netlink import RouteSocket


def read_open_bridges() -> tuple[str, ...]:
    """The names of its bridges. Where nobody else has a bridge, the rules are not read at all."""
    with RouteSocket() as netlink:
        if not any(link.kind == "bridge" and link.group != LINK_GROUP for link in read_links(netlink, ("bridge",))):
            return ()
    return open_bridges(parse_save(firewall.save("ipv4")).get("filter", {}))
