# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An interface by its name and namespace, and what every kind of it has."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  name:
    description: The interface, by a name of at most 15 bytes.
    type: str
    required: true
  netns:
    description:
      - The network namespace that the interface is in, by its name (P(mooring.cnm.topology#role) and C(ip netns) put it in C(/run/netns)) or by a path.
      - Empty for the host's own.
    type: str
    default: ""
  state:
    description: Whether it should be there.
    type: str
    choices: [present, absent]
    default: present
  up:
    description:
      - Whether it is up.
      - Left out, an interface that stands is left as it is, and a new one comes up, when it has its addresses.
    type: bool
  mtu:
    description: The largest packet, in bytes.
    type: int
  txqlen:
    description: The length of the transmit queue, in packets.
    type: int
  promisc:
    description: Whether it takes frames for every MAC address.
    type: bool
"""
