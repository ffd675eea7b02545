#!/bin/sh
# Sizes of the packages in dist/ beside their budgets in scripts/packages.txt.
set -eu
cd "$(dirname "$0")/.."

failures=0

# verdict BYTES BUDGET: how much of its budget it takes; "-" without one.
verdict() {
    [ "$2" != - ] || {
        echo -
        return
    }
    echo "$(($1 * 100 / $2))%"
}

# within WHAT BYTES BUDGET
within() {
    [ "$3" = - ] || [ "$2" -le "$3" ] || {
        echo "  $1 is $(($2 - $3)) bytes over its budget" >&2
        failures=$((failures + 1))
    }
}

printf '%-16s %-28s %9s %6s %9s %6s\n' package architecture file used installed used
for ipk in dist/*.ipk; do
    name=${ipk##*/}
    arch=${name#*_*_}
    arch=${arch%.ipk}
    name=${name%%_*}
    budget=$(awk -v name="$name" -v arch="$arch" '$1 == name && $2 == arch { print $3, $4 }' scripts/packages.txt)
    budget=${budget:-- -}
    file=$(wc -c <"$ipk")
    installed=$(tar -xzOf "$ipk" ./control.tar.gz | tar -xzOf - ./control | sed -n 's/^Installed-Size: //p')
    printf '%-16s %-28s %9d %6s %9d %6s\n' "$name" "$arch" "$file" "$(verdict "$file" "${budget% *}")" \
        "$installed" "$(verdict "$installed" "${budget#* }")"
    within "$ipk" "$file" "${budget% *}"
    within "$ipk, installed," "$installed" "${budget#* }"
done

[ "$failures" = 0 ]
