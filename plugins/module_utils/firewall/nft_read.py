# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One rule back from the JSON that ``nft -j list`` prints."""

from __future__ import annotations

import json
from typing import Any

from ..state.rule import NFT_FAMILIES as IP
from ..state.rule import Rule
from .nft_rule import MATCHES, STATUS, UNITS, USUAL_BURST, VERDICTS

_TARGETS = {word: target for target, word in VERDICTS.items()}
# A protocol whose name the host does not know is printed as its number.
_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "ipv6-icmp", 132: "sctp"}
Fields = dict[str, Any]


def read_rule(expressions: list[dict[str, Any]], family: str, table: str, comment: str | None) -> Rule | None:
    """The rule in a list of JSON's ``expr``, or None where it says something that a rule of ours never does.

    A rule with a comment stands in a base chain, which sees both families: it must say which one it means.
    """
    values: Fields = {}
    families: set[str] = set()
    for one in expressions:
        match = one.get("match")
        found = _read_match(match, family, families) if match else _read_statement(one, family, table)
        if found is None or "target" in values or any(values.get(name, value) != value for name, value in found.items()):
            return None
        values.update(found)
    if "target" not in values or (comment is not None and families != {family}):
        return None
    return Rule(**values, comment=comment)


def _read_match(match: dict[str, Any], family: str, families: set[str]) -> Fields | None:
    """The fields that a match fills, perhaps none. None: not ours."""
    left, value = field_path(match["left"]), _right(match["right"])
    negation = "!" if match["op"] == "!=" else ""
    if left == ("meta", "nfproto") and not negation:
        families.add(str(value))
        return {}
    if left[:2] == ("payload", IP[family]):
        families.add(family)
    if left in (("ct", "state"), ("ct", "status")) and not negation:
        states = value if isinstance(value, list) else [value]
        known = {one: one.upper() for one in states} if left[-1] == "state" else {word: name for name, word in STATUS.items()}
        return {"states": tuple(sorted(known[one] for one in states))} if all(one in known for one in states) else None
    if left[0] == "payload" and left[-1] == "dport":
        return None if negation or not isinstance(value, (int, tuple)) else {"protocol": left[1], "port": _ports(value)}
    for name, _before, known_left in MATCHES:
        if left == tuple(part.format(ip=IP[family], protocol="") for part in known_left):
            return _field(name, value, negation)
    return None


def _field(name: str, value: Any, negation: str) -> Fields | None:
    """The field of a match whose left side is that of ``name``."""
    if negation and name in ("local_destination", "direction", "protocol", "original_port", "states"):
        return None
    if name == "original_port":
        return {name: str(_ports(value))} if isinstance(value, (int, tuple)) else None
    if name == "local_destination":
        return {name: True} if value == "local" else None
    if name == "protocol":
        return None if isinstance(value, list) else {name: protocol_name(value)}
    if isinstance(value, tuple):
        return {f"{name}_range": f"{negation}{value[0]}-{value[1]}"} if name in ("source", "destination") else None
    if not isinstance(value, str):
        return None
    if value.startswith("@"):
        return {f"{name}_set": negation + value[1:]} if name in ("source", "destination") else None
    if name == "direction":
        return {name: value.upper()}
    return {name: negation + (value[:-1] + "+" if name.endswith("interface") and value.endswith("*") else value)}


def _ports(value: Any) -> Any:
    """A port, or a range as iptables has it."""
    return f"{value[0]}:{value[1]}" if isinstance(value, tuple) else value


def _read_statement(one: dict[str, Any], family: str, table: str) -> Fields | None:
    ((word, body),) = one.items()
    if word in _TARGETS and not body:
        return {"target": _TARGETS[word]}
    if word == "limit" and body.keys() == {"rate", "burst", "per"}:
        unit = next((short for short, long in UNITS.items() if long == body["per"]), None)
        burst = {} if body["burst"] == USUAL_BURST else {"burst": str(body["burst"])}
        return {"limit": f"{body['rate']}/{unit}", **burst} if unit else None
    if word == "log" and (body or {}).keys() <= {"prefix"}:
        return {"target": "LOG", "log_prefix": (body or {}).get("prefix")}
    if word == "reject":
        return _read_rejection(body or {}, family)
    if word == "snat" and isinstance(body, dict) and set(body) <= {"family", "addr"} and isinstance(body["addr"], str):
        return {"target": "SNAT", "to": body["addr"]}
    if word == "jump":
        before, after = f"{table}-", f"-{family}"
        target = str(body["target"])
        if target.startswith(before) and target.endswith(after):
            return {"target": target[len(before) : -len(after)]}
    return None


def _read_rejection(body: dict[str, Any], family: str) -> Fields | None:
    """A reset says by itself that it is for TCP, so that nft does not print that."""
    kind, what = body.get("type"), body.get("expr", "port-unreachable")
    if kind == "tcp reset":
        return {"target": "REJECT", "reject_with": "tcp-reset", "protocol": "tcp"}
    prefix, expected = ("icmp6", "icmpv6") if family == "ipv6" else ("icmp", "icmp")
    if kind not in (None, expected):
        return None
    return {"target": "REJECT", "reject_with": f"{prefix}-{'adm-prohibited' if prefix == 'icmp6' and what == 'admin-prohibited' else what}"}


def protocol_name(value: Any) -> str:
    """A protocol as iptables names it."""
    if str(value).isdigit():
        return _PROTOCOLS.get(int(value), str(value))
    return "ipv6-icmp" if value == "icmpv6" else str(value)


def field_path(left: Any) -> tuple[str, ...]:
    """What is compared, as a path: ``("payload", "ip", "saddr")``."""
    if not isinstance(left, dict) or len(left) != 1:
        return ("",)
    ((kind, body),) = left.items()
    if not isinstance(body, dict):
        return (kind, str(body))
    flags = body.get("flags", [])
    parts = {
        "payload": [body.get("protocol"), body.get("field")],
        "fib": [body.get("result"), *(flags if isinstance(flags, list) else [flags])],
        "ct": [body.get("key"), *([body["dir"]] if "dir" in body else [])],
    }.get(kind, [body.get("key")])
    return (kind, *(str(part) for part in parts))


def _right(right: Any) -> Any:
    """The value that it is compared with: text, a number, a list of them, or both ends of a range."""
    if isinstance(right, dict) and "prefix" in right:
        return f"{right['prefix']['addr']}/{right['prefix']['len']}"
    if isinstance(right, dict) and "range" in right:
        return tuple(right["range"])
    if isinstance(right, dict) and "set" in right:
        return list(right["set"])
    return right


def unread(body: Any) -> Rule:
    """Something that is not of ours, as a rule whose target is its own text."""
    kept = {key: value for key, value in body.items() if key not in ("handle", "index")} if isinstance(body, dict) else body
    return Rule(json.dumps({"json": kept}, sort_keys=True))
