#!/bin/sh
# Makes a virtual environment: make_venv.sh PYTHON DIRECTORY
# Checks first what would otherwise fail later and less clearly: the version of Python, and the modules that
# Debian packs apart from it, which it installs where it may.
set -eu
python=$1
directory=$2

command -v "$python" >/dev/null ||
    { echo "找不到 $python:请安装 Python 3.11 至 3.13,或用 make PYTHON=/路径/python3 指明。" >&2; exit 1; }

"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' ||
    { echo "$python 是 $("$python" -V 2>&1):需要 Python 3.11 至 3.13,可用 make PYTHON=/路径/python3 指明。" >&2; exit 1; }

has_venv() { "$python" -c 'import ensurepip, venv' 2>/dev/null; }
if ! has_venv && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo '安装 python3-venv ……'
    { apt-get update -qq; apt-get install -qq -y --no-install-recommends python3-venv; } </dev/null >/dev/null || true
fi
has_venv ||
    { echo "$python 缺少 venv 模块:在 Debian 上请先执行 apt-get install python3-venv。" >&2; exit 1; }

# Nothing half made stays behind, or the next try would take it for whole.
trap 'exit 1' HUP INT TERM
trap 'rm -rf "$directory"; echo "未能在 $directory 建立虚拟环境,原因见上。" >&2' EXIT
"$python" -m venv --clear "$directory"
trap - EXIT
