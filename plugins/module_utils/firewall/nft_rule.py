# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One rule in the words of nft, and back from the JSON that ``nft -j list`` prints. One table says how each field is written and read."""

from __future__ import annotations

from typing import Any

from ..state.rule import Rule

IP = {"ipv4": "ip", "ipv6": "ip6"}
# Fields of a rule: the words of nft before the value, whether it is quoted, and what JSON has on the left of the match.
_MATCHES: tuple[tuple[str, str, bool, tuple[str, ...]], ...] = (
    ("in_interface", "iifname", True, ("meta", "iifname")),
    ("out_interface", "oifname", True, ("meta", "oifname")),
    ("source", "{ip} saddr", False, ("payload", "{ip}", "saddr")),
    ("destination", "{ip} daddr", False, ("payload", "{ip}", "daddr")),
    ("local_destination", "fib daddr type", False, ("fib", "type", "daddr")),
    ("protocol", "meta l4proto", False, ("meta", "l4proto")),
    ("port", "{protocol} dport", False, ("payload", "{protocol}", "dport")),
    ("states", "ct state", False, ("ct", "state")),
)
# The one conntrack state of iptables that is a status to nft.
_STATUS = {"DNAT": "dnat"}
_VERDICTS = {"ACCEPT": "accept", "DROP": "drop", "RETURN": "return", "MASQUERADE": "masquerade"}
_TARGETS = {word: target for target, word in _VERDICTS.items()}
# A protocol whose name the host does not know is printed as its number.
_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "ipv6-icmp", 132: "sctp"}


def chain_words(family: str, table: str, name: str) -> str:
    """The name of a chain in our table: of ours, or of a base chain."""
    return f"{table}-{name}-{family}"


def rule_words(rule: Rule, family: str, table: str) -> str:
    """One rule of a chain that ``table`` of iptables would have."""
    words = []
    for name, before, is_quoted, _left in _MATCHES:
        value = getattr(rule, name)
        if not value or (name == "protocol" and rule.port is not None):
            continue
        words.append(_match(before.format(ip=IP[family], protocol=rule.protocol), name, value, is_quoted))
    if not any(word.startswith(IP[family]) for word in words) and rule.comment is not None:
        words.insert(0, f"meta nfproto {family}")
    words.append(_target(rule, family, table))
    if rule.comment is not None:
        words.append(f'comment "{rule.comment}"')
    return " ".join(words)


def _match(before: str, name: str, value: Any, is_quoted: bool) -> str:
    if name == "states":
        status = [_STATUS[one] for one in value if one in _STATUS]
        return f"ct status {status[0]}" if status else f"ct state {','.join(one.lower() for one in value)}"
    if value is True:
        return f"{before} local"
    text = str(value)
    plain = text.lstrip("!")
    if is_quoted and plain.endswith("+"):
        plain = plain[:-1] + "*"  # any link whose name begins so
    return f"{before} {'!= ' if text.startswith('!') else ''}" + (f'"{plain}"' if is_quoted else plain)


def _target(rule: Rule, family: str, table: str) -> str:
    if rule.target in _VERDICTS:
        return _VERDICTS[rule.target]
    if rule.target in ("SNAT", "DNAT"):
        return f"{rule.target.lower()} {IP[family]} to {rule.to}"
    return f"jump {chain_words(family, table, rule.target)}"


def read_rule(expressions: list[dict[str, Any]], family: str, table: str, comment: str | None) -> Rule | None:
    """The rule in a list of JSON's ``expr``, or None where it says something that a rule of ours never does.

    A rule with a comment stands in a base chain, which sees both families: it must say which one it means.
    """
    values: dict[str, Any] = {}
    families: set[str] = set()
    for one in expressions:
        match = one.get("match")
        name, value = _read_match(match, family, families) if match else _read_target(one, family, table)
        if name == "":
            continue
        if name is None or name in values or "target" in values:
            return None
        if name == "port":
            values["protocol"], value = value
        values.update(value if name == "target" else {name: value})
    if "target" not in values or (comment is not None and families != {family}):
        return None
    return Rule(**values, comment=comment)


def _read_match(match: dict[str, Any], family: str, families: set[str]) -> tuple[str | None, Any]:
    """Field and value. An empty field: nothing to keep. None: not ours."""
    left, value = field_path(match["left"]), _right(match["right"])
    negation = "!" if match["op"] == "!=" else ""
    if left == ("meta", "nfproto") and not negation:
        families.add(str(value))
        return "", None
    if left[:2] == ("payload", IP[family]):
        families.add(family)
    if left[0] == "ct" and not negation:
        states = value if isinstance(value, list) else [value]
        known = {"state": {one: one.upper() for one in states}, "status": {word: name for name, word in _STATUS.items()}}.get(left[-1], {})
        return ("states", tuple(sorted(known[one] for one in states))) if all(one in known for one in states) else (None, None)
    if left[0] == "payload" and left[-1] == "dport":
        return ("port", (left[1], value)) if isinstance(value, int) and not negation else (None, None)
    for name, _before, _is_quoted, known_left in _MATCHES:
        if left == tuple(part.format(ip=IP[family], protocol="") for part in known_left):
            return _field(name, value, negation)
    return None, None


def _field(name: str, value: Any, negation: str) -> tuple[str | None, Any]:
    if name == "local_destination":
        return (name, True) if value == "local" and not negation else (None, None)
    if name == "protocol":
        return (name, protocol_name(value)) if not negation and not isinstance(value, list) else (None, None)
    if not isinstance(value, str):
        return None, None
    return name, negation + (value[:-1] + "+" if name.endswith("interface") and value.endswith("*") else value)


def _read_target(one: dict[str, Any], family: str, table: str) -> tuple[str | None, Any]:
    ((word, body),) = one.items()
    if word in _TARGETS and not body:
        return "target", {"target": _TARGETS[word]}
    if word == "snat" and isinstance(body, dict) and set(body) <= {"family", "addr"} and isinstance(body["addr"], str):
        return "target", {"target": "SNAT", "to": body["addr"]}
    if word == "jump":
        before, after = f"{table}-", f"-{family}"
        target = str(body["target"])
        if target.startswith(before) and target.endswith(after):
            return "target", {"target": target[len(before) : -len(after)]}
    return None, None


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
    }.get(kind, [body.get("key")])
    return (kind, *(str(part) for part in parts))


def _right(right: Any) -> Any:
    """The value that it is compared with: text, a number, or a list of them."""
    if isinstance(right, dict) and "prefix" in right:
        return f"{right['prefix']['addr']}/{right['prefix']['len']}"
    if isinstance(right, dict) and "set" in right:
        return list(right["set"])
    return right
