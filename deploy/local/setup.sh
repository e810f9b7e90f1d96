#!/bin/sh
# Makes a bare machine ready: Debian's servers where they are missing, then the venv with the locked packages.
# `setup.sh test` also brings what only the suite needs.
# A second run finds everything in place and takes well under a second. It never touches a server
# that was there before: what it installs is not started and gets no cluster on the default ports.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
venv=$root/.venv
stamp=$venv/.relais-stamp
log_dir=$root/.local/log

say() { printf 'relais: %s\n' "$*"; }
fail() { printf 'relais: %s\n' "$*" >&2; exit 1; }

# ---------------------------------------------------------------- what this machine has

usable() { # usable PYTHON: it starts and is new enough
    command -v "$1" >/dev/null 2>&1 &&
        "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

can_make_venv() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

find_python() { # the newest that can make a venv at once, else the newest that needs a package for it
    fallback=
    for candidate in python3.13 python3.12 python3.11 python3; do
        usable "$candidate" || continue
        [ -n "$fallback" ] || fallback=$candidate
        if can_make_venv "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    [ -z "$fallback" ] || command -v "$fallback"
}

has_postgresql() {
    [ -n "${DATABASE_URL:-}" ] && return 0
    command -v initdb >/dev/null 2>&1 && return 0
    for initdb in /usr/lib/postgresql/*/bin/initdb; do
        [ -x "$initdb" ] && return 0
    done
    return 1
}

has_rabbitmq() {
    [ -n "${AMQP_URL:-}" ] || [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] ||
        command -v rabbitmq-server >/dev/null 2>&1
}

lies_at() { # lies_at PATH...: one of these is there
    for path; do
        [ ! -e "$path" ] || return 0
    done
    return 1
}

has_pango() { # what weasyprint sets a ticket's or a letter's text with
    lies_at /usr/lib/*/libpangoft2-1.0.so.0 /usr/lib/libpangoft2-1.0.so.0 &&
        lies_at /usr/lib/*/libharfbuzz-subset.so.0 /usr/lib/libharfbuzz-subset.so.0 &&
        lies_at /usr/share/fonts/truetype/dejavu
}

has_nginx() { command -v nginx >/dev/null 2>&1 || [ -x /usr/sbin/nginx ]; }

venv_package() { # Debian cuts ensurepip out of python3 into a package named after the version
    case $(basename "$1") in
    python3) echo python3-venv ;;
    *) echo "$(basename "$1")-venv" ;;
    esac
}

# ---------------------------------------------------------------- Debian's packages

policy=/usr/sbin/policy-rc.d
policy_saved=/usr/sbin/policy-rc.d.before-relais
cluster_rule=/etc/postgresql-common/createcluster.d/relais.conf

forbid_autostart() { # invoke-rc.d asks this file before it starts a service; 101 means no
    [ ! -e "$policy_saved" ] || mv -f "$policy_saved" "$policy" # an earlier run was cut off
    if [ -e "$policy" ]; then mv "$policy" "$policy_saved"; fi
    printf '#!/bin/sh\n# relais is installing servers that must not start by themselves\nexit 101\n' >"$policy"
    chmod 755 "$policy"
}

allow_autostart() {
    rm -f "$policy" "$cluster_rule"
    if [ -e "$policy_saved" ]; then mv -f "$policy_saved" "$policy"; fi
}

apt() { # runs apt-get quietly into a log, showing one line for each package as it is put in place
    rm -f "$log_dir/apt.failed"
    { DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 "$@" 2>&1 ||
        touch "$log_dir/apt.failed"; } | tee -a "$log_dir/apt.log" |
        sed -u -n 's/^Setting up \([^ ]*\) .*/relais:   \1/p; s/^Need to get \(.*\) of archives.*/relais:   fetching \1/p'
    [ ! -e "$log_dir/apt.failed" ]
}

install_packages() {
    [ "$(id -u)" -eq 0 ] || fail "this machine lacks: $*. Run this as root to install, or point" \
        "DATABASE_URL and AMQP_URL at PostgreSQL and RabbitMQ servers of your own."
    command -v apt-get >/dev/null 2>&1 || fail "this machine lacks: $*, and has no apt-get. Install" \
        "them, or point DATABASE_URL and AMQP_URL at PostgreSQL and RabbitMQ servers of your own."
    say "installing with apt-get: $*"
    trap allow_autostart EXIT
    trap 'exit 130' INT TERM HUP
    forbid_autostart
    case " $* " in *" postgresql "*)
        mkdir -p "$(dirname "$cluster_rule")"
        echo 'create_main_cluster = false' >"$cluster_rule"
        ;;
    esac
    apt install --no-install-recommends "$@" || {
        say "refreshing the package lists"
        apt update && apt install --no-install-recommends "$@"
    } || fail "apt-get could not install $*; the last lines of $log_dir/apt.log are:
$(tail -n 5 "$log_dir/apt.log")"
    # Nobody asked for a broker or a web server at boot either.
    for service in rabbitmq-server nginx; do
        case " $* " in *" $service "*) update-rc.d "$service" disable >/dev/null 2>&1 || true ;; esac
    done
    allow_autostart
    trap - EXIT INT TERM HUP
}

# ---------------------------------------------------------------- the venv

wanted_stamp() {
    # The editable install lists the packages that stood at the top when it was made.
    { cat "$root/requirements.lock" "$root/pyproject.toml" && "$1" -VV && ls -d "$root"/*/__init__.py; } |
        sha256sum | cut -d ' ' -f 1
}

fill_venv() { # one line for each package as it arrives; the whole story is in the log
    say "installing the locked Python packages into .venv"
    rm -f "$log_dir/pip.failed"
    { {
        "$venv/bin/python" -m pip install --no-input --disable-pip-version-check --no-compile \
            --require-hashes -r "$root/requirements.lock" &&
            # On all processors, which pip would not; some packages bring files of older Pythons.
            { "$venv/bin/python" -m compileall -q -j 0 "$venv/lib" >"$log_dir/compile.log" 2>&1 || :; } &&
            "$venv/bin/python" -m pip install --no-input --disable-pip-version-check \
                --no-deps --no-build-isolation -e "$root"
    } 2>&1 || touch "$log_dir/pip.failed"; } | tee "$log_dir/pip.log" |
        sed -u -n 's/^Collecting \([^ ]*\).*/relais:   \1/p'
    [ ! -e "$log_dir/pip.failed" ] || fail "pip could not install the packages; the last lines of $log_dir/pip.log are:
$(tail -n 5 "$log_dir/pip.log")"
}

venv_stands() { # it runs, and was made where it lies: the scripts in a venv carry its path
    usable "$venv/bin/python" && "$venv/bin/python" -c 'import pip' >/dev/null 2>&1 &&
        grep -qs "$venv" "$venv/bin/activate"
}

# ---------------------------------------------------------------- all of it, in order

mkdir -p "$log_dir"
if command -v flock >/dev/null 2>&1; then # two first starts at once: the second waits
    exec 9>"$root/.local/setup.lock"
    flock 9
fi

missing=
if ! venv_stands; then
    python=$(find_python)
    [ -n "$python" ] || fail "Python 3.11 or newer is needed; this machine has $(python3 -V 2>/dev/null || echo none)."
    can_make_venv "$python" || missing=$(venv_package "$python")
fi
has_postgresql || missing="$missing postgresql"
has_rabbitmq || missing="$missing rabbitmq-server"
has_nginx || missing="$missing nginx"
has_pango || missing="$missing libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core"
if [ "${1:-}" = test ]; then
    # The house rules ask git which files are ours; the pages are looked at in a browser.
    command -v git >/dev/null 2>&1 || missing="$missing git"
    command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
    # Playwright brings a program of its own to drive it, which is linked with this.
    lies_at /usr/lib/*/libatomic.so.1 /usr/lib/libatomic.so.1 /lib/*/libatomic.so.1 ||
        missing="$missing libatomic1"
fi
# shellcheck disable=SC2086 # a list of words
[ -z "$missing" ] || install_packages $missing

if ! venv_stands; then
    say "making the virtual environment .venv with $("$python" -V)"
    "$python" -m venv --clear "$venv"
fi
if [ "$(cat "$stamp" 2>/dev/null)" != "$(wanted_stamp "$venv/bin/python")" ]; then
    fill_venv
    wanted_stamp "$venv/bin/python" >"$stamp"
fi
