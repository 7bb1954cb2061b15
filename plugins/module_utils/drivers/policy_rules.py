# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the policy of DOCKER-USER to the rules that it is on a host, and back."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import product

from ..model.policy import FAMILIES, PolicyRule
from ..model.policy_values import family_of
from ..state.inset import Inset
from ..state.objects import HostState, desired_state
from ..state.rule import Rule
from ..state.tag import table_name

TABLE, CHAIN, BUILTIN = "filter", "DOCKER-USER", "FORWARD"
# Where nftables has no such chain: a base chain of ours at this hook.
HOOK = "the hook forward"
BACKENDS = ("iptables", "nftables")
# What iptables calls the answers of REJECT, by family.
_REJECTIONS = {
    "port-unreachable": ("icmp-port-unreachable", "icmp6-port-unreachable"),
    "host-unreachable": ("icmp-host-unreachable", "icmp6-addr-unreachable"),
    "net-unreachable": ("icmp-net-unreachable", "icmp6-no-route"),
    "admin-prohibited": ("icmp-admin-prohibited", "icmp6-adm-prohibited"),
    "tcp-reset": ("tcp-reset", "tcp-reset"),
}


def mark_of(fleet: str) -> str:
    """What the comment of every rule of ours begins with."""
    return f"cnm:{fleet}:docker_user"


def places(fleet: str, position: str = "first", families: Iterable[str] = FAMILIES, backends: Iterable[str] = BACKENDS) -> tuple[Inset, ...]:
    """Where rules of ours may stand."""
    own = {"iptables": (TABLE, BUILTIN), "nftables": (table_name(fleet), HOOK)}
    return tuple(
        Inset(family, own[backend][0], CHAIN, own[backend][1], mark_of(fleet), (), position, backend=backend) for backend in backends for family in families
    )


def policy_state(policy: Iterable[PolicyRule], fleet: str, where: Iterable[Inset], raw: Mapping[tuple[str, str], Rule]) -> HostState:
    """What the policy asks for on a host. raw: by family and words, the rules of those that are not typed, as iptables writes them."""
    entries = list(policy)
    insets = (replace(one, rules=tuple(rule for entry in entries for rule in rules_of(entry, one.family, fleet, raw))) for one in where)
    return desired_state(one for one in insets if one.rules)


def rules_of(entry: PolicyRule, family: str, fleet: str, raw: Mapping[tuple[str, str], Rule]) -> Iterator[Rule]:
    """The rules of one entry for a family: one for each combination of what its keys list, for the log and for the action."""
    if family not in entry.families():
        return
    comment = " ".join(filter(None, [mark_of(fleet), entry.comment]))
    if entry.raw is not None:
        yield raw[(family, raw_words(entry, fleet))]
        return
    ports = bool(entry.published or entry.target)
    common = Rule(
        "",
        source_set=entry.source_set,
        destination_set=entry.destination_set,
        protocol=_protocol(entry.protocol or ("tcp" if ports else None), family),
        states=tuple(sorted(one.upper() for one in entry.ctstate)),
        limit=entry.limit,
        burst=None if entry.limit_burst in (None, 5) else str(entry.limit_burst),  # 5 is what iptables does not print
        # Only what comes from the one who called: what the container answers has the same published port.
        direction="ORIGINAL" if entry.published or entry.host_ip else None,
        comment=comment,
    )
    keys = [_of_family(entry.source, family), _of_family(entry.destination, family), entry.in_interface, entry.out_interface]
    keys += [entry.published, _of_family(entry.host_ip, family), entry.target]
    for source, destination, comes_in, goes_out, published, host_ip, target in product(*(key or (None,) for key in keys)):
        matching = replace(
            common,
            source=None if _is_range(source) else source,
            source_range=source if _is_range(source) else None,
            destination=None if _is_range(destination) else destination,
            destination_range=destination if _is_range(destination) else None,
            in_interface=comes_in,
            out_interface=goes_out,
            original_port=published,
            original_destination=host_ip,
            port=_port(target),
        )
        if entry.log is not None:
            yield replace(matching, target="LOG", log_prefix=entry.log or None)
        if entry.action is not None:
            yield replace(matching, target=entry.action.upper(), reject_with=_rejection(entry, family))


def raw_words(entry: PolicyRule, fleet: str) -> str:
    """What iptables is told for an entry that is not typed."""
    return f'-m comment --comment "{" ".join(filter(None, [mark_of(fleet), entry.comment]))}" {entry.raw}'


def policy_of(state: HostState) -> tuple[PolicyRule, ...]:
    """The policy that stands, each rule of the host as an entry: what is the same in both families is one."""
    first, second = ([_entry(rule, one) for one in _insets(state, family) for rule in one.rules] for family in FAMILIES)
    merged: list[PolicyRule] = []
    for tag, start, end, start_6, end_6 in difflib.SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        if tag == "equal":
            merged += first[start:end]
        else:
            merged += [_only(one, "ipv4") for one in first[start:end]] + [_only(one, "ipv6") for one in second[start_6:end_6]]
    return tuple(merged)


def _insets(state: HostState, family: str) -> Iterator[Inset]:
    for _key, one in sorted(state.objects.items()):
        if isinstance(one, Inset) and one.family == family:
            yield one


def _only(entry: PolicyRule, family: str) -> PolicyRule:
    """``entry`` for one family. One with an address says that already."""
    return entry if entry.families() == (family,) else replace(entry, family=family)


def _entry(rule: Rule, inset: Inset) -> PolicyRule:
    comment = rule.said.removeprefix(inset.mark).strip()
    if rule.target.startswith("-A "):
        return PolicyRule(raw=_without_comment(rule.target), comment=comment or None)
    is_log = rule.target == "LOG"
    version = FAMILIES.index(inset.family)
    rejections = {names[version]: word for word, names in _REJECTIONS.items()}
    rejected = rejections.get(rule.reject_with or "")
    return PolicyRule(
        source=_given(rule.source, rule.source_range),
        destination=_given(rule.destination, rule.destination_range),
        source_set=rule.source_set,
        destination_set=rule.destination_set,
        in_interface=_given(rule.in_interface),
        out_interface=_given(rule.out_interface),
        protocol="icmp" if rule.protocol in ("icmp", "ipv6-icmp") else rule.protocol,
        published=_given(rule.original_port),
        host_ip=_given(rule.original_destination),
        target=_given(None if rule.port is None else str(rule.port)),
        ctstate=tuple(state.lower() for state in rule.states),
        limit=rule.limit,
        limit_burst=None if rule.burst is None else int(rule.burst),
        log=(rule.log_prefix or "") if is_log else None,
        action=None if is_log else rule.target.lower(),
        reject_with=None if rejected == "port-unreachable" else rejected,
        comment=comment or None,
    )


def _without_comment(line: str) -> str:
    """The words of a rule that is kept as text, without its chain and our mark."""
    words = line.split(" ", 2)[2]
    before, _found, after = words.partition('-m comment --comment "')
    return (before + after.partition('"')[2]).replace("  ", " ").strip()


def _given(*values: str | None) -> tuple[str, ...]:
    return tuple(value for value in values if value is not None)


def _of_family(places: tuple[str, ...], family: str) -> tuple[str, ...]:
    return tuple(place for place in places if family_of(place) == family)


def _is_range(place: str | None) -> bool:
    """A range is told by another option than an address or a network."""
    return place is not None and "-" in place


def _protocol(name: str | None, family: str) -> str | None:
    return "ipv6-icmp" if name == "icmp" and family == "ipv6" else name


def _port(text: str | None) -> int | str | None:
    return int(text) if text is not None and text.isdigit() else text


def _rejection(entry: PolicyRule, family: str) -> str | None:
    return _REJECTIONS[entry.reject_with or "port-unreachable"][FAMILIES.index(family)] if entry.action == "reject" else None
