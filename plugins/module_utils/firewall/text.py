# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules as iptables-save prints them and iptables-restore reads them. Text in, data out, and back; nothing is run here."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..state.rule import Rule

# Options of every rule, and the field that holds their value.
_PLAIN = {"-s": "source", "-d": "destination", "-i": "in_interface", "-o": "out_interface", "-p": "protocol"}
# Options of match modules: the module, the field, and the last word where the option takes two. In the order in which a rule of ours has them.
_MATCHES = (
    ("iprange", "--src-range", "source_range", ""),
    ("iprange", "--dst-range", "destination_range", ""),
    ("set", "--match-set", "source_set", "src"),
    ("set", "--match-set", "destination_set", "dst"),
    ("PROTOCOL", "--dport", "port", ""),
    ("addrtype", "--dst-type", "local_destination", ""),
    ("conntrack", "--ctstate", "states", ""),
    ("conntrack", "--ctorigdst", "original_destination", ""),
    ("conntrack", "--ctorigdstport", "original_port", ""),
    ("conntrack", "--ctdir", "direction", ""),
    ("limit", "--limit", "limit", ""),
    ("limit", "--limit-burst", "burst", ""),
    ("comment", "--comment", "comment", ""),
)
_MODULES = {"PROTOCOL", "tcp", "udp", "sctp", *(module for module, *_rest in _MATCHES)}
_NEGATABLE = {*_PLAIN.values(), "source_range", "destination_range", "source_set", "destination_set"}
_TARGETS = {
    "DNAT": ("--to-destination", "to"),
    "SNAT": ("--to-source", "to"),
    "LOG": ("--log-prefix", "log_prefix"),
    "REJECT": ("--reject-with", "reject_with"),
}
_QUOTED = ("comment", "log_prefix")


def rule_text(chain: str, rule: Rule, command: str = "-A") -> str:
    """One line for iptables-restore. command: ``-A``, ``-D`` or ``-I``, with a number behind it where that says the place."""
    if rule.target.startswith("-A "):  # somebody else's, kept under its own text
        return " ".join([*_command(command, chain), *rule.target.split(" ", 2)[2:]])
    words = _command(command, chain)
    for option, name in _PLAIN.items():
        words += _option_words(option, getattr(rule, name))
    module = ""
    for owner, option, name, last in _MATCHES:
        value = _as_text(name, getattr(rule, name))
        if value is not None:
            needs = str(rule.protocol) if owner == "PROTOCOL" else owner
            words += ["-m", needs] if needs != module else []
            words += [*_option_words(option, value, name in _NEGATABLE), *([last] if last else [])]
            module = needs
    words += ["-j", rule.target]
    option, name = _TARGETS.get(rule.target, ("", ""))
    value = _as_text(name, getattr(rule, name)) if name else None
    return " ".join([*words, option, value] if value is not None else words)


def _command(command: str, chain: str) -> list[str]:
    verb, _space, place = command.partition(" ")
    return [verb, chain, *([place] if place else [])]


def _option_words(option: str, value: str | None, negatable: bool = True) -> list[str]:
    if value is None:
        return []
    return ["!", option, value[1:]] if negatable and value.startswith("!") else [option, value]


def _as_text(name: str, value: object) -> str | None:
    """The value of a field as a word; None where it says nothing."""
    if value is None or value is False or value == ():
        return None
    if value is True:
        return "LOCAL"
    if isinstance(value, tuple):
        return ",".join(value)
    return _quoted(str(value)) if name in _QUOTED else str(value)


def parse_save(text: str) -> dict[str, dict[str, tuple[Rule, ...]]]:
    """What iptables-save printed, as table → chain → rules. A rule that says more than ours can is kept under its own text."""
    tables: dict[str, dict[str, list[Rule]]] = {}
    chains: dict[str, list[Rule]] = {}
    for line in text.split("\n"):
        if line.startswith("*"):
            chains = tables.setdefault(line[1:].strip(), {})
        elif line.startswith(":"):
            chains.setdefault(line[1:].split()[0], [])
        elif line.startswith("-A "):
            chains.setdefault(line.split()[1], []).append(_parse_rule(_words(line)[2:]) or Rule(target=line))
    return {table: {name: tuple(rules) for name, rules in chains.items()} for table, chains in tables.items()}


def _parse_rule(words: list[str]) -> Rule | None:
    """The rule in ``words``, or None where it holds something that a rule of ours never has."""
    values: dict[str, object] = {}
    negated = ""
    rest = iter(words)
    for word in rest:
        if word == "!":
            negated = "!"
            continue
        value = next(rest, "")
        if word == "-m" and value in _MODULES and not negated:
            continue
        if word == "-j" and not negated:
            name, read = "target", _from_text("target", value)
        else:
            last = next(rest, "") if word == "--match-set" else ""
            name = _field(word, last, str(values.get("target")))
            read = _from_text(name, negated + value if name in _NEGATABLE else value)
        if not name or name in values or read is None or (negated and name not in _NEGATABLE):
            return None
        values[name] = read
        negated = ""
    return Rule(**values) if "target" in values else None  # type: ignore[arg-type]


def _field(option: str, last: str, target: str) -> str:
    """The field that an option fills, or nothing where rules of ours have no such option."""
    if option in _PLAIN:
        return _PLAIN[option]
    if option == _TARGETS.get(target, ("", ""))[0]:
        return _TARGETS[target][1]
    return next((name for _module, known, name, end in _MATCHES if (known, end) == (option, last)), "")


def _from_text(name: str, text: str) -> object:
    """The value of a field; None where ``text`` is none."""
    if name in ("source", "destination"):
        return text.removesuffix("/128" if ":" in text else "/32")
    if name == "port":
        return int(text) if text.isdigit() else text
    if name == "local_destination":
        return True if text == "LOCAL" else None
    return tuple(sorted(text.split(","))) if name == "states" else text


def _quoted(text: str) -> str:
    """``text`` as iptables-restore reads it and iptables-save writes it: in double quotes, where a backslash takes the next character as it is."""
    return '"' + re.sub(r"[\\\"']", r"\\\g<0>", text) + '"'


def _words(line: str) -> list[str]:
    """The words of a line of iptables-save."""
    found = re.findall(r'(?:"(?:[^"\\]|\\.)*"|[^\s"])+', line)
    return [re.sub(r"\\(.)", r"\1", word[1:-1]) if word.startswith('"') else word for word in found]


def restore_text(steps: Iterable[tuple[str, str]]) -> str:
    """Input for one ``iptables-restore --noflush``. steps: (table, line), each table's lines in order."""
    tables: dict[str, list[str]] = {}
    for table, line in steps:
        tables.setdefault(table, []).append(line)
    return "".join("\n".join([f"*{table}", *lines, "COMMIT", ""]) for table, lines in sorted(tables.items()))
