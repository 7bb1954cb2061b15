# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One rule in the words of nft. One table says how each field is written, and read back by ``nft_read``."""

from __future__ import annotations

from typing import Any

from ..state.rule import NFT_FAMILIES as IP
from ..state.rule import Rule

# Fields of a rule: the words of nft before the value, and what JSON has on the left of the match. Several fields can be one match to nft: an address, a
# range and a set are told apart by their values.
MATCHES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("in_interface", "iifname", ("meta", "iifname")),
    ("out_interface", "oifname", ("meta", "oifname")),
    *((f"source{form}", "{ip} saddr", ("payload", "{ip}", "saddr")) for form in ("", "_range", "_set")),
    *((f"destination{form}", "{ip} daddr", ("payload", "{ip}", "daddr")) for form in ("", "_range", "_set")),
    ("local_destination", "fib daddr type", ("fib", "type", "daddr")),
    ("protocol", "meta l4proto", ("meta", "l4proto")),
    ("port", "{protocol} dport", ("payload", "{protocol}", "dport")),
    ("original_destination", "ct original {ip} daddr", ("ct", "{ip} daddr", "original")),
    ("original_port", "ct original proto-dst", ("ct", "proto-dst", "original")),
    ("direction", "ct direction", ("ct", "direction")),
    ("states", "ct state", ("ct", "state")),
)
# The conntrack states of iptables that are a status to nft.
STATUS = {"DNAT": "dnat", "SNAT": "snat"}
VERDICTS = {"ACCEPT": "accept", "DROP": "drop", "RETURN": "return", "MASQUERADE": "masquerade"}
UNITS = {"sec": "second", "min": "minute", "hour": "hour", "day": "day"}
USUAL_BURST = 5  # packets, for nft as for iptables


def chain_words(family: str, table: str, name: str) -> str:
    """The name of a chain in our table: of ours, or of a base chain."""
    return f"{table}-{name}-{family}"


def rule_words(rule: Rule, family: str, table: str) -> str:
    """One rule of a chain that ``table`` of iptables would have."""
    words = []
    for name, before, _left in MATCHES:
        value = getattr(rule, name)
        if value and not (name == "protocol" and rule.port is not None):
            words.append(_match(before.format(ip=IP[family], protocol=rule.protocol), name, value))
    if not any(word.startswith(IP[family]) for word in words) and rule.comment is not None:
        words.insert(0, f"meta nfproto {family}")
    if rule.limit is not None:
        count, _slash, unit = rule.limit.partition("/")
        words.append(f"limit rate {count}/{UNITS[unit]} burst {rule.burst or USUAL_BURST} packets")
    words.append(_target(rule, family, table))
    return " ".join([*words, *comment_words(rule)])


def comment_words(rule: Rule) -> list[str]:
    """The comment of a rule, which nft takes after all else."""
    return [] if rule.comment is None else [f'comment "{rule.comment}"']


def _match(before: str, name: str, value: Any) -> str:
    if name == "states":
        status = [STATUS[one] for one in value if one in STATUS]
        return f"ct status {','.join(status)}" if status else f"ct state {','.join(one.lower() for one in value)}"
    if value is True:
        return f"{before} local"
    text = str(value)
    plain = text.lstrip("!")
    if name.endswith("port"):
        plain = plain.replace(":", "-")
    elif name.endswith("interface"):
        plain = f'"{plain[:-1]}*"' if plain.endswith("+") else f'"{plain}"'  # any link whose name begins so
    elif name.endswith("_set"):
        plain = f"@{plain}"
    elif name == "direction":
        plain = plain.lower()
    return f"{before} {'!= ' if text.startswith('!') else ''}{plain}"


def _target(rule: Rule, family: str, table: str) -> str:
    if rule.target in VERDICTS:
        return VERDICTS[rule.target]
    if rule.target in ("SNAT", "DNAT"):
        return f"{rule.target.lower()} {IP[family]} to {rule.to}"
    if rule.target == "LOG":
        return f'log prefix "{rule.log_prefix}"' if rule.log_prefix else "log"
    if rule.target == "REJECT":
        return f"reject with {_rejection_words(str(rule.reject_with))}"
    return f"jump {chain_words(family, table, rule.target)}"


def _rejection_words(name: str) -> str:
    """The answer of REJECT, as iptables names it, in the words of nft."""
    kind, _dash, what = name.partition("-")
    if kind == "tcp":
        return "tcp reset"
    return f"icmp {what}" if kind == "icmp" else f"icmpv6 {'admin-prohibited' if what == 'adm-prohibited' else what}"
