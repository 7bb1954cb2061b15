# shellcheck shell=bash
# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# What the recipes of the Makefile share: what runs and how long it took, the count of checks, what a machine must be.

begin() { # TARGET: says what the recipe does; says at its end how long it took
    target=$1 passed=0 failed=0 skipped=0
    mkdir -p .cache
    echo "== $target: $(sed -n "s/^$target:.*## //p" Makefile)"
    trap end EXIT
}

end() {
    local status=$? counted="" closing=${closing:-}
    ((passed + failed)) && counted="$passed passed, $failed failed, $skipped skipped"
    ((failed == 0)) || status=1
    [ "$status" = 0 ] || counted=${counted:-failed}
    echo "== $target: ${counted:-done} in $SECONDS s"
    [ -z "$closing" ] || echo "$closing"
    exit "$status"
}

check() { # COMMAND...: one check of a lane; a failed one is counted and the next still runs
    echo "-- $*"
    if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)) && echo "-- FAILED: $*"; fi
}

closing_counts() { # LOG: "passed failed skipped", summed over the closing lines of pytest and of end()
    awk '/^ *"?=+ .* in [0-9.]+ ?s/ {
        for (i = 2; i <= NF; i++) {
            if ($i ~ /^passed/) passed += $(i - 1)
            if ($i ~ /^(failed|errors?),?$/) failed += $(i - 1)
            if ($i ~ /^skipped/) skipped += $(i - 1)
        }
    } END { print passed + 0, failed + 0, skipped + 0 }' "$1"
}

run_lanes() { # "BESIDE..." LANE...: runs each, goes on past a failure, ends with the count of all tests. Those of BESIDE run one by one, beside the rest
    local beside=$1 lane pid all_passed=0 all_failed=0 all_skipped=0
    echo "== beside the other lanes, and told last: $beside"
    for lane in $beside; do run_lane "$lane"; done >/dev/null &
    pid=$!
    for lane in "${@:2}"; do
        run_lane "$lane"
        count_lane "$lane"
    done
    wait "$pid"
    for lane in $beside; do
        cat ".cache/$lane.log"
        count_lane "$lane"
    done
    closing="$all_passed passed, $all_failed failed, $all_skipped skipped"
    ((all_failed == 0))
}

run_lane() { # LANE: runs it, keeps what it says and whether it failed
    local ok=1
    rm -f ".cache/$1.ok"
    make "$1" </dev/null 2>&1 | tee ".cache/$1.log" || ok=0
    ((!ok)) || touch ".cache/$1.ok"
}

count_lane() { # LANE: adds what it counted to all_passed, all_failed and all_skipped
    local lane_passed lane_failed lane_skipped
    read -r lane_passed lane_failed lane_skipped < <(closing_counts ".cache/$1.log")
    [ -e ".cache/$1.ok" ] || ((lane_failed)) || lane_failed=1 # it died before it could count
    all_passed=$((all_passed + lane_passed)) all_failed=$((all_failed + lane_failed)) all_skipped=$((all_skipped + lane_skipped))
}

need_machine() { # COMMAND: a sentence and an error where this machine is not one that the command can run on
    local system
    # shellcheck source=/dev/null
    system=$(uname -s) && if [ -r /etc/os-release ]; then system=$(. /etc/os-release && echo "${ID:-} ${ID_LIKE:-}"); fi
    case " $system " in
    *" debian "* | *" ubuntu "*) ;;
    *) echo "$1 needs Debian or Ubuntu, whose packages it installs by apt; this is ${system% }." >&2 && exit 1 ;;
    esac
    [ "$(id -u)" = 0 ] || { echo "$1 needs root, to install packages and to make network namespaces: run sudo $1." >&2 && exit 1; }
}
