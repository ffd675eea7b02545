#!/bin/sh
# Shellcheck over every shell file of the repository: known by its ending or by its first line.
set -eu
cd "$(dirname "$0")/.."

set --
for file in $(git ls-files --cached --others --exclude-standard); do
    [ -f "$file" ] || continue
    case $file in
    *.sh) set -- "$@" "$file" ;;
    *)
        # An init script's interpreter is rc.common, which is ash.
        if head -n 1 "$file" | grep -aqE '^#! ?/(usr/)?bin/(env )?(ba|da|a)?sh( |$)'; then
            set -- "$@" "$file"
        fi
        ;;
    esac
done
echo "$# shell files"
exec shellcheck "$@"
