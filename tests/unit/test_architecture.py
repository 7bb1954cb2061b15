# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The house keeps its shape: imports run one way, the pure stays pure, and what a kernel module drags along stays short."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
NOT_OURS = {".ansible", ".cache", ".git", ".venv"}
COLLECTION = "ansible_collections.mooring.cnm.plugins"

# Who may import whom, besides files of its own layer and the leaves. A file belongs to the longest of these names that its path begins with.
LAYERS = {
    "module_utils/bytecode": set(),
    "module_utils/model": set(),
    "module_utils/ipam": {"model"},
    "module_utils/state": set(),
    "module_utils/firewall": {"state"},
    "module_utils/drivers": {"model", "state"},
    "module_utils/kernel": {"firewall", "state"},
    "module_utils/aim": {"kernel", "state"},
    "module_utils/change": {"aim", "kernel", "state"},
    "module_utils/road": {"aim", "change", "kernel", "state"},
    "module_utils/converge": {"aim", "kernel", "road", "state"},
    "module_utils/clash": {"state"},
    "module_utils/elsewhere": set(),
    "module_utils/runner": {"aim", "clash", "elsewhere", "kernel", "road", "state"},
    "module_utils/attach": {"kernel", "model"},
    "module_utils/reachable": {"kernel", "model"},
    "module_utils/underlay": {"kernel", "model", "state"},
    "module_utils/left_out": {"drivers", "kernel", "model", "state"},
    "module_utils/face": {"aim", "kernel", "runner", "state"},
    "module_utils/docker_user": {"drivers", "firewall", "kernel", "model", "state"},
    "module_utils/proof": {"kernel", "model", "state"},
    "module_utils/boot": {"attach", "converge", "docker_user", "drivers", "firewall", "kernel", "model", "reachable", "state"},
    "module_utils/persist": {"boot", "state"},
    "module_utils/lab": {"model"},
    "plugin_utils/fleet": {"ipam", "model", "proof"},
    "modules": {
        "aim",
        "attach",
        "bytecode",
        "converge",
        "docker_user",
        "drivers",
        "face",
        "firewall",
        "kernel",
        "lab",
        "left_out",
        "model",
        "persist",
        "proof",
        "reachable",
        "runner",
        "state",
        "underlay",
    },
    "action": {"fleet", "ipam", "lab", "model", "proof"},
    "connection": {"lab", "model"},
    "inventory": {"lab", "model"},
    "doc_fragments": set(),
}
# Data that every layer may hold, and a rule of the kernel that several have to know.
LEAVES = {"module_utils/model/one_parent.py", "module_utils/model/problem.py"}
PURE = {  # the packages, each with the files in it that do touch the machine
    "model": "",
    "ipam": "",
    "drivers": "",
    "state": "",
    "firewall": "run",
    "proof": "flight listener neighbours process sender standalone volley",
}
FORBIDDEN_IN_PURE = (
    "os sys io socket select selectors subprocess multiprocessing threading asyncio signal time datetime random secrets uuid "
    "pathlib shutil tempfile glob fcntl ctypes logging importlib ansible pyroute2"
).split()
# One for what is on a host, one for the lab that it is tried in.
CHECK_MODE_GATES = {"module_utils/runner.py", "module_utils/lab/converge.py"}
KERNEL_FACES = ("netns", "bridge", "veth", "macvlan", "ipvlan", "vxlan", "vxlan_peers")
# Of code, without comments and documentation, which cost nothing to compile: what every run imports, and what has to travel, of which a run that
# changes something imports most. The design asks for 1,500.
MOST_LINES_OF_A_KERNEL_FACE = {"compiled": 1450, "packed": 2850}
# What module topology imports on use alone: where something is to be changed, a driver has networks, nftables holds our rules.
ON_USE = """change clash elsewhere drivers/bridge drivers/bridge_rules drivers/ipvlan drivers/macvlan drivers/on_parent drivers/openings drivers/overlay
drivers/part firewall/nft_accepts firewall/nft_read firewall/nft_rule firewall/nft_table firewall/rich_rules kernel/answer kernel/apply kernel/carry
kernel/encode kernel/engine kernel/firewalld kernel/inside kernel/messages kernel/others kernel/queues kernel/rule_changes state/plan state/replay
state/words""".split()

FILES = sorted(PLUGINS.rglob("*.py"))


def name_of(file: Path) -> str:
    """The file as it is called in this test: its path below plugins/."""
    return file.relative_to(PLUGINS).as_posix()


def layer_of(file: Path) -> str:
    stem = name_of(file).removesuffix(".py") + "/"
    return max((layer for layer in LAYERS if stem.startswith(layer + "/")), key=len, default="")


def is_pure(file: Path) -> bool:
    package = file.relative_to(PLUGINS).parts[1]
    return package in PURE and file.stem not in PURE[package].split()


def imported_names(file: Path, at_once: bool = False) -> Iterator[str]:
    """Absolute dotted names of all that a file imports: ``from a import b`` yields a.b, as b may be a module. at_once: not inside functions or conditions."""
    package = (COLLECTION + "." + ".".join(file.relative_to(PLUGINS).parent.parts)).split(".")
    tree = ast.parse(file.read_text())
    for node in tree.body if at_once else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            prefix = [*base, *(node.module.split(".") if node.module else [])]
            yield from (".".join([*prefix, alias.name]) for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("importlib.import_module", "import_module", "__import__"):
            yield ast.unparse(node.args[0]).lstrip("f").strip("'\"")


def imported_files(file: Path, at_once: bool = False) -> set[Path]:
    """Files of this collection that a file imports."""
    found = set()
    for name in imported_names(file, at_once):
        if name.startswith(COLLECTION + "."):
            path = PLUGINS.joinpath(*name.removeprefix(COLLECTION + ".").split("."))
            found |= {candidate for candidate in (path.with_suffix(".py"), path.parent.with_suffix(".py")) if candidate.is_file()}
    return found


def import_closure(file: Path, at_once: bool = False) -> set[Path]:
    """The file and all that it imports from this collection, directly or not: what travels to the host; at_once: what every run there compiles."""
    closure, waiting = set(), {file}
    while waiting:
        closure |= waiting
        waiting = {imported for one in waiting for imported in imported_files(one, at_once)} - closure
    return closure


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_imports_run_one_way(file: Path) -> None:
    layer = layer_of(file)
    assert layer, f"{name_of(file)} is in no layer of LAYERS"
    allowed = {layer} | {other for other in LAYERS if other.split("/")[-1] in LAYERS[layer]}
    wrong = sorted(name_of(imported) for imported in imported_files(file) if layer_of(imported) not in allowed and name_of(imported) not in LEAVES)
    assert not wrong, f"{name_of(file)} ({layer}) must not import {', '.join(wrong)}"


@pytest.mark.parametrize("file", [file for file in FILES if is_pure(file)], ids=name_of)
def test_the_pure_import_only_what_computes(file: Path) -> None:
    wrong = {name.split(".")[0] for name in imported_names(file)} & set(FORBIDDEN_IN_PURE)
    wrong |= {name_of(imported) for imported in imported_files(file) if not is_pure(imported)}
    assert not wrong, f"{name_of(file)} is pure and must not import {', '.join(sorted(wrong))}"


def test_only_the_kernel_package_imports_pyroute2() -> None:
    importers = {layer_of(file) for file in FILES if any(name.split(".")[0] == "pyroute2" for name in imported_names(file))}
    assert importers <= {"module_utils/kernel"}


def test_only_the_runner_knows_check_mode() -> None:
    """Modules hand it over, an action reads it for what it does on the controller: below them it is asked in one place."""
    knowing = {name_of(file) for file in FILES if layer_of(file).startswith("module_utils") and re.search(r"\bcheck_mode\b", file.read_text())}
    assert knowing <= CHECK_MODE_GATES


def lines_of_code(file: Path) -> int:
    """How many lines of a file have code on them; a text that stands by itself is documentation."""
    tree = ast.parse(file.read_text())
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)]
    texts += [node for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("DOCUMENTATION", "EXAMPLES", "RETURN")]
    silent = {line for node in texts for line in range(node.lineno, (node.end_lineno or 0) + 1)}
    return len({line for node in ast.walk(tree) for line in _lines(node)} - silent)


def _lines(node: ast.AST) -> range:
    return range(node.lineno, (node.end_lineno or 0) + 1) if isinstance(node, ast.expr) else range(getattr(node, "lineno", 0), getattr(node, "lineno", -1) + 1)


@pytest.mark.parametrize("face", KERNEL_FACES)
@pytest.mark.parametrize("which", MOST_LINES_OF_A_KERNEL_FACE)
def test_a_kernel_face_drags_little_along(face: str, which: str) -> None:
    """Ansible packs the closure, also of what is imported on use, and the host compiles what is imported, anew in every task."""
    lines = {name_of(file): lines_of_code(file) for file in import_closure(PLUGINS / f"modules/{face}.py", at_once=which == "compiled")}
    listing = "\n".join(f"{count:5} {name}" for name, count in sorted(lines.items(), key=lambda item: -item[1]))
    assert sum(lines.values()) <= MOST_LINES_OF_A_KERNEL_FACE[which], f"{face}: {sum(lines.values())} lines are {which}:\n{listing}"


def test_module_topology_imports_on_use_what_most_runs_do_not_need() -> None:
    topology = PLUGINS / "modules/topology.py"
    on_use = {PLUGINS / f"module_utils/{name}.py" for name in ON_USE}
    assert on_use <= import_closure(topology), "all of it has to travel"
    early = sorted(map(name_of, on_use & import_closure(topology, at_once=True)))
    assert not early, f"{', '.join(early)}: imported by every run, and compiled anew in each"


def test_every_python_file_says_its_licence() -> None:
    ours = (file for file in ROOT.rglob("*.py") if not NOT_OURS & set(file.relative_to(ROOT).parts))
    bare = [str(file.relative_to(ROOT)) for file in ours if "SPDX-License-Identifier: GPL-3.0-or-later" not in file.read_text()[:500]]
    assert not bare


def test_sanity_has_no_ignore_file() -> None:
    assert not list((ROOT / "tests").glob("sanity/ignore*"))
