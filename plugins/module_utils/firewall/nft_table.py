# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nftables table of a fleet as input of ``nft -f``, and back from the output of ``nft -j list table``.

Its chains are those that iptables would have: a base chain for each built-in one, which jumps to ours. Published ports are
elements of maps, so that a packet finds its port at once, and a thousand of them load and list in milliseconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Union

from ..state.chain import Chain, Jump, Table
from ..state.rule import NFT_FAMILIES as IP
from ..state.rule import Rule
from .nft_read import field_path, protocol_name, read_rule, unread
from .nft_rule import chain_words, rule_words

Json = dict[str, Any]
Part = Union[Chain, Jump]
# Built-in chains of iptables: type, hook and priority of the base chain that stands for each.
BASES = {
    ("mangle", "PREROUTING"): ("filter", "prerouting", -150),
    ("mangle", "FORWARD"): ("filter", "forward", -150),
    ("nat", "PREROUTING"): ("nat", "prerouting", -100),
    ("nat", "OUTPUT"): ("nat", "output", -100),
    ("nat", "POSTROUTING"): ("nat", "postrouting", 100),
}
# What a published port is found by: protocol and number, and, where it is bound to one, its address before them.
_PROTOCOLS = ("tcp", "udp", "sctp")
_BOUND = "-bound"


def replacing_text(table: Table) -> str:
    """Input for one ``nft -f`` that puts ``table`` in the place of what had its name."""
    return f"{removing_text(table)}table inet {table.name} {{\n{''.join(_blocks(table.parts))}}}\n"


def removing_text(table: Table) -> str:
    """Input for one ``nft -f`` after which there is no such table, whether there was or not."""
    return f"add table inet {table.name}\ndelete table inet {table.name}\n"


def _blocks(parts: tuple[Part, ...]) -> Iterator[str]:
    """Maps, then chains, each after what it refers to."""
    chains = [part for part in parts if isinstance(part, Chain) and part.family]
    for chain in chains:
        yield from _maps(chain)
    for chain in chains:
        yield _block(chain_words(chain.family, chain.table, chain.name), _chain_lines(chain))
    bases: dict[tuple[str, str, str], list[str]] = {}
    for part in parts:
        if isinstance(part, Jump):
            lines = bases.setdefault((part.family, part.table, part.chain), [])
            lines += [rule_words(rule, part.family, part.table) for rule in part.rules if not rule.target.startswith("{")]
    for (family, table, name), lines in bases.items():
        kind, hook, priority = BASES[(table, name)]
        yield _block(chain_words(family, table, name), [f"type {kind} hook {hook} priority {priority}; policy accept;", *lines])


def _block(name: str, lines: list[str], kind: str = "chain") -> str:
    return "".join([f"\t{kind} {name} {{\n", *(f"\t\t{line}\n" for line in lines), "\t}\n"])


def _maps(chain: Chain) -> Iterator[str]:
    address = f"{chain.family}_addr"
    for bound in (True, False):
        elements = [_element(rule) for rule in chain.rules if rule.target == "DNAT" and bool(rule.destination) == bound]
        if elements:
            key = f"{address} . " if bound else ""
            lines = [f"type {key}inet_proto . inet_service : {address} . inet_service", f"elements = {{ {', '.join(dict(elements).values())} }}"]
            yield _block(_map_name(chain, bound), lines, "map")


def _element(rule: Rule) -> tuple[str, str]:
    key = " . ".join([*([rule.destination] if rule.destination else []), str(rule.protocol), str(rule.port)])
    host, _colon, port = str(rule.to).rpartition(":")
    return key, f"{key} : {host.strip('[]')} . {port}"


def _map_name(chain: Chain, bound: bool) -> str:
    return chain_words(chain.family, chain.table, chain.name) + (_BOUND if bound else "")


def _chain_lines(chain: Chain) -> list[str]:
    ip = IP[chain.family]
    lines = []
    for bound in (True, False):
        if any(rule.target == "DNAT" and bool(rule.destination) == bound for rule in chain.rules):
            key = (f"{ip} daddr . " if bound else "") + "meta l4proto . th dport"
            lines.append(f"meta l4proto {{ {', '.join(_PROTOCOLS)} }} dnat {ip} to {key} map @{_map_name(chain, bound)}")
    rest = (rule for rule in chain.rules if rule.target != "DNAT" and not rule.target.startswith("{"))
    return [*lines, *(rule_words(rule, chain.family, chain.table) for rule in rest)]


def parse_table(text: str) -> tuple[Part, ...]:
    """What ``nft -j list table`` printed, as chains and jumps. What no table of ours holds is told as a chain of no family, under its own text."""
    listed: list[Json] = json.loads(text)["nftables"]
    maps: dict[str, Json] = {one["map"]["name"]: one["map"] for one in listed if "map" in one}
    rules: dict[str, list[Json]] = {}
    for one in listed:
        if "rule" in one:
            rules.setdefault(one["rule"]["chain"], []).append(one["rule"])
    parts: list[Part] = []
    for one in listed:
        ((kind, body),) = one.items()
        if kind == "chain":
            parts += _read_chain(body, rules.get(body["name"], []), maps)
        elif (kind == "table" and "flags" in body) or kind not in ("metainfo", "table", "chain", "rule", "map"):
            parts.append(_stray(kind, body))
    parts += [_stray("map", body) for body in maps.values()]
    return tuple(sorted(parts, key=lambda part: part.key))


def _stray(kind: str, body: Any) -> Chain:
    return Chain("", kind, str(body.get("name", "")) if isinstance(body, dict) else "", (unread(body),))


def _read_chain(body: Json, rules: list[Json], maps: dict[str, Json]) -> list[Part]:
    words = str(body["name"]).split("-")
    table, name, family = words[0], "-".join(words[1:-1]), words[-1]
    base = tuple(body.get(key) for key in ("type", "hook", "prio")) if "hook" in body else None
    if family not in IP or len(words) < 3 or base != BASES.get((table, name)) or (base and body.get("policy") != "accept"):
        return [_stray("chain", body)]
    found: list[Rule] = []
    for one in rules:
        comment = one.get("comment")
        found += _read_lookup(one["expr"], Chain(family, table, name), maps) or [read_rule(one["expr"], family, table, comment) or unread(one)]
    if base is None:
        return [Chain(family, table, name, tuple(found))]
    targets = dict.fromkeys(rule.target for rule in found)
    return [Jump(family, table, name, target, tuple(rule for rule in found if rule.target == target)) for target in targets]


def _read_lookup(expressions: list[Json], chain: Chain, maps: dict[str, Json]) -> list[Rule]:
    """The ports in the map that a rule looks them up in; none where it is another rule."""
    if len(expressions) != 2 or set(expressions[0]) != {"match"} or set(expressions[1]) != {"dnat"}:
        return []
    dnat, among = expressions[1]["dnat"], expressions[0]["match"]["right"]
    looked_up = dnat.get("addr", {}).get("map", {}) if isinstance(dnat.get("addr"), dict) else {}
    name = str(looked_up.get("data", ""))[1:]
    bound = name.endswith(_BOUND)
    key = [("meta", "l4proto"), ("payload", "th", "dport")]
    is_ours = (
        field_path(expressions[0]["match"]["left"]) == ("meta", "l4proto")
        and expressions[0]["match"]["op"] == "=="
        and isinstance(among, dict)
        and {protocol_name(one) for one in among.get("set", [])} == set(_PROTOCOLS)
        and name == _map_name(chain, bound)
        and name in maps
        and dnat.get("family") == IP[chain.family]
        and [field_path(one) for one in looked_up["key"].get("concat", [])] == ([("payload", IP[chain.family], "daddr"), *key] if bound else key)
    )
    rules = [_read_element(element) for element in maps.pop(name).get("elem", [])] if is_ours else []
    return sorted(rules, key=lambda rule: (str(rule.protocol), int(rule.port or 0), rule.destination or ""))


def _read_element(element: Any) -> Rule:
    *destination, protocol, port = element[0]["concat"]
    host, target = element[1]["concat"]
    to = f"[{host}]:{target}" if ":" in host else f"{host}:{target}"
    return Rule("DNAT", destination=destination[0] if destination else None, protocol=protocol_name(protocol), port=int(port), to=to)
