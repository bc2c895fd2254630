#!/bin/sh
# Gives the machine what the suite needs beside Python: PostgreSQL's server binaries, Chromium, Chinese
# fonts, npm. Installs only where it may (Debian's packages, as root) and only what is missing; never
# fails: a test that still misses something says so itself, as a skip or, with REQUIRE_ALL=1, a failure.
set -eu

has() { command -v "$1" >/dev/null 2>&1; }
has_postgres() { has initdb || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; }
has_chromium() { [ -n "${CHROMIUM:-}" ] || has chromium || has chromium-browser || has google-chrome; }
has_chinese_font() { has fc-list && [ -n "$(fc-list :lang=zh-cn file)" ]; }
# Playwright's driver is a Node.js that needs it; with a C compiler it is there, on a slim machine it is not.
has_libatomic() { /sbin/ldconfig -p 2>/dev/null | grep -q 'libatomic\.so\.1'; }

missing=
has_postgres || missing="$missing postgresql"
has_chromium || missing="$missing chromium"
has_libatomic || missing="$missing libatomic1"
has_chinese_font || missing="$missing fontconfig fonts-noto-core fonts-noto-cjk"
has npm || missing="$missing npm"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! has apt-get; then
    echo "本机缺少:$missing。当前用户不能安装,相应的测试将被跳过。" >&2
    exit 0
fi

# Debian starts a server of its own right after installing one; the tests start and stop theirs.
no_cluster=/etc/postgresql-common/createcluster.d/supervision-tests.conf
trap 'rm -f "$no_cluster"' EXIT
if ! has_postgres; then
    mkdir -p "$(dirname "$no_cluster")"
    echo 'create_main_cluster = false' >"$no_cluster"
fi

echo "安装本机缺少的:$missing ……"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq </dev/null || true
for package in $missing; do
    apt-get install -qq -y --no-install-recommends "$package" </dev/null >/dev/null ||
        echo "未能安装 $package,需要它的测试将被跳过。" >&2
done
