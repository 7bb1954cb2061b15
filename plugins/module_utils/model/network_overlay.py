# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of networks of driver overlay."""

from __future__ import annotations

from .docker_network import read_docker_network
from .network_keys import NetworkKeys
from .report import Unreadable
from .values import integer_between, read_boolean, read_each

VNI = integer_between(1, 2**24 - 1)
MOST_SUBNETS = 16


def read_vnis(value: object) -> tuple[int, ...]:
    """The VNIs, one for each subnet: a number, a list of numbers, or as Docker writes it, a text with commas."""
    if isinstance(value, (list, tuple)) or (isinstance(value, str) and "," in value):
        found = tuple(read_each(value.split(",") if isinstance(value, str) else value, VNI))
    else:
        found = (VNI(value),)
    if len(set(found)) < len(found):
        raise Unreadable("each subnet has a VNI of its own: name each number once")
    return found


def read_encrypted(value: object) -> bool:
    """Only false. Docker takes the key without a value for true."""
    if value == "" or read_boolean(value):
        raise Unreadable("overlays are not encrypted here: leave it out, and encrypt the underlay (for example by WireGuard) where that is needed")
    return False


OVERLAY = NetworkKeys(
    readers={"attachable": read_boolean, "broadcast": read_boolean, "docker_network": read_docker_network, "encrypted": read_encrypted, "vni": read_vnis},
    driver_opts={"com.docker.network.driver.overlay.vxlanid_list": "vni", "encrypted": "encrypted"},
    # Every network can be attached to here.
    fields={"attachable": "", "encrypted": "", "vni": "vnis"},
    scopes=("fleet",),
    most_subnets=MOST_SUBNETS,
)
