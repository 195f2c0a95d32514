#!/bin/sh
# Refreshes a test server: brings the stack up once more beside the running one, under another project name and on another port, with the
# newest snapshot; counts what it holds; leads the users there; and only then ends the old one. Where anything fails before that, the users
# keep what they have, what was begun is removed, and the exit code is that of the command that failed.
#
#   refresh.sh            beside, then switch; needs memory and disk for two stacks for a while
#   refresh.sh in-place   one stack only: away for as long as its restore takes
#
# Settings, from the environment:
#   PROJECT    name of the stack; it runs as PROJECT-a or PROJECT-b (in place: PROJECT)
#   SNAPSHOT   which snapshot, such as prod-latest
#   PORT_NAME  variable of the compose file that names the port by which users come in, such as NGINX_PORT
#   PORT_A, PORT_B   its value for either
#   SWITCH     command that leads users to a port, which is its only argument
set -eu
: "${PROJECT:?}" "${SNAPSHOT:?}"
umask 077
state="${STATE_DIRECTORY:-.dyn-data}"
mkdir -p "$state"
say() { printf '%s\n' "$*" >&2; }

if [ "${1:-}" = in-place ]; then
  dyn-data --project-name "$PROJECT" up "$SNAPSHOT" --replace --json
  exit
fi
: "${PORT_NAME:?}" "${PORT_A:?}" "${PORT_B:?}" "${SWITCH:?}"

serving="$(cat "$state/serving" 2>/dev/null || true)"
if [ "$serving" = a ]; then next=b port="$PORT_B"; else next=a port="$PORT_A"; fi

# What an earlier run may have left half made; users are not there.
dyn-data --project-name "$PROJECT-$next" down --volumes --json
forget() {
  status=$?
  say "The refresh failed ($status); $PROJECT-${serving:-none} goes on serving."
  dyn-data --project-name "$PROJECT-$next" down --volumes --json || true
  exit "$status"
}
trap forget EXIT
trap 'exit 143' INT TERM HUP
env "$PORT_NAME=$port" dyn-data --project-name "$PROJECT-$next" up "$SNAPSHOT" --json
env "$PORT_NAME=$port" dyn-data --project-name "$PROJECT-$next" verify --restored --json
# A full disk is noticed before the switch, and an interruption waits until it is done: else users would be led to what is then removed.
printf '%s\n' "$next" > "$state/serving.new"
trap '' INT TERM HUP
"$SWITCH" "$port"
mv "$state/serving.new" "$state/serving"
trap - EXIT INT TERM HUP
say "$PROJECT-$next serves $SNAPSHOT on port $port."

if [ -n "$serving" ]; then dyn-data --project-name "$PROJECT-$serving" down --volumes --json; fi
