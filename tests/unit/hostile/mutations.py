# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody might write in place of what is right: by mistake, or to get into a command line, a path or a rule."""

from __future__ import annotations

import copy
import datetime
import importlib
import pkgutil
from collections.abc import Iterator
from random import Random
from typing import Any

from ansible_collections.mooring.cnm.plugins.module_utils import model
from ansible_collections.mooring.cnm.plugins.module_utils.model.keys import Keys
from ansible_collections.mooring.cnm.plugins.module_utils.model.report import shown

STRINGS = (
    "", " ", "\n", "\0", "\t", "-", "--", "-j ACCEPT", ".", "..", "../../etc/passwd", "/etc/shadow", "a/../b", "~", "*", "?", "%s", "%n",
    "{{ 7*7 }}", "{% raw %}",
    "$(touch /tmp/pwned)", "`id`", "${IFS}", "; reboot", "| sh", "&& true", "a b", "a\nb", "a\r\nCOMMIT\n*filter", "\"", "'", "\\", "#",
    "!", "! -i lo", "'; DROP TABLE",
    "é", "名前", "\u202e", "\ud800", "\x1b[31m", "null", "true", "0x10", "1e9", "007", "a" * 64, "a" * 5000, "lo", "all", "default", "eth0",
    "cnmb0458f33e740",
    "0.0.0.0", "0.0.0.0/0", "255.255.255.255", "127.0.0.1", "224.0.0.1", "10.0.0.1/33", "1.2.3.4.5", "١٢٣", "::", "::1", "fd00::/64",
    "fe80::1%eth0", "::ffff:10.0.0.1",
    "172.20.0.0/24\n", "10.0.0.0/8", "10.0.0.0/31", "10.0.0.0/32", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "02:42:0A:00:00:01\n", "80",
    "0", "-1", "65536", "80:80",
    "80:80/tcp/udp", ":80:80", "[::1]:80:80", "1-65535:1-65535", "1.1.1.1:80:80\n", "host", "none", "container:", "container:host",
    "container:../x", "service:web",
    "net.ipv4.conf.all.forwarding", "net/ipv4", "net..x", "net.ipv4.conf.eth0/../../..", "kernel.core_pattern", "eth0.40", "eth0.4095",
    "a:b:c", "k=v", "k=", "=v",
)  # fmt: skip
OTHERS: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 22, 1342, 2**31, 2**32, 2**63, 2**64, 10**5000, -(10**400), 0.5, 1e308, float("nan"), float("inf"),
    b"bytes", datetime.date(2026, 1, 1),
    [], {}, [[]], [None], [{}], {"": ""}, {1: 2}, {None: None}, {"a": {"b": {"c": ["d", {"e": []}]}}}, [["a"], ["b"]], ["x", "x"], set(),
    (),
)  # fmt: skip


def known_keys() -> tuple[str, ...]:
    """Every key that the model knows in any dictionary."""
    found: set[str] = set()
    for module in pkgutil.iter_modules(model.__path__):
        held = importlib.import_module(f"{model.__name__}.{module.name}")
        found.update(key for one in vars(held).values() if isinstance(one, Keys) for key in one.not_yet.union(one.readers))
    return tuple(sorted(found))


KEYS = known_keys()


def mutated(raw: Any, random: Random) -> Any:
    """A copy of ``raw`` in which something, somewhere, is another than it was."""
    root = {"root": copy.deepcopy(raw)}
    for _time in range(random.choice((1, 1, 1, 2, 4))):
        places = list(_places(root.get("root"))) or [(root, "root")]
        _mutate(*random.choice(places), random, places)
    return root.get("root")


def hostile(random: Random) -> Any:
    """A value that is hardly ever right."""
    return random.choice(STRINGS) if random.random() < 0.7 else copy.deepcopy(random.choice(OTHERS))


def _places(raw: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) below ``raw``."""
    for key in list(raw) if isinstance(raw, dict) else range(len(raw)) if isinstance(raw, list) else ():
        yield raw, key
        yield from _places(raw[key])


def _mutate(container: Any, key: Any, random: Random, places: list[tuple[Any, Any]]) -> None:
    what = random.choice(("value", "value", "value", "splice", "splice", "key", "add", "add", "remove", "wrap", "exchange"))
    if key not in container if isinstance(container, dict) else not 0 <= key < len(container):
        return  # an earlier mutation took it away
    value = container[key]
    if what == "splice" and isinstance(value, str):
        at = random.choice((0, len(value), random.randint(0, len(value))))
        container[key] = value[:at] + random.choice(STRINGS) + value[at:]
    elif what == "key" and isinstance(container, dict):
        container[random.choice((random.choice(STRINGS), f"{key}{random.choice(STRINGS)}", random.choice((None, 1, 2.5, True)), random.choice(KEYS)))] = (
            container.pop(key)
        )
    elif what == "add" and isinstance(value, dict):
        value[random.choice(KEYS)] = hostile(random)
    elif what == "add" and isinstance(value, list):
        value.insert(random.randint(0, len(value)), hostile(random))
    elif what == "remove":
        del container[key]
    elif what == "wrap":
        container[key] = random.choice(([value], {"x": value}, [value, value], shown(value)))
    elif what == "exchange":
        other, place = random.choice(places)
        if place in other if isinstance(other, dict) else place < len(other):
            container[key] = copy.deepcopy(other[place])
    else:
        container[key] = hostile(random)
