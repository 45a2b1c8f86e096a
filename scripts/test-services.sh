#!/usr/bin/env bash
# Runs the tests that need real services. Starts a Postgres of its own (temporary data directory, free port
# on loopback) and ends and removes it again, whichever way this script ends.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/.bin:$PATH"

server_programs() {
  local dir
  # Newest version first.
  for dir in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -Vr) /usr/local/bin /usr/bin; do
    if [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ]; then
      echo "$dir"
      return
    fi
  done
}

bin=$(server_programs)
if [ -z "$bin" ]; then
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo 'The Postgres server is not installed, and only root can install it here.' >&2
    echo 'Run `apt-get install postgresql` (or what your system has instead) and try again.' >&2
    exit 1
  fi
  echo 'Installing Postgres (apt-get) ...'
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # Without this the package makes and starts a cluster of its own.
  mkdir -p /etc/postgresql-common
  if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
  fi
  apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold postgresql >/dev/null
  bin=$(server_programs)
fi

# The server refuses to run as root; the package has made a user for it.
as_owner=()
if [ "$(id -u)" -eq 0 ]; then
  as_owner=(setpriv --reuid=postgres --regid=postgres --clear-groups --)
fi

home=$(mktemp -d)
server=''
tests=''
stop() {
  local status=$?
  trap - EXIT INT TERM
  if [ -n "$tests" ]; then
    kill -TERM "$tests" 2>/dev/null || true
    wait "$tests" 2>/dev/null || true
  fi
  if [ -n "$server" ]; then
    # SIGINT is Postgres's fast shutdown: it does not wait for clients.
    kill -INT "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$home"
  exit "$status"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ "$(id -u)" -eq 0 ]; then chown postgres "$home"; fi
(
  cd "$home"
  exec ${as_owner[@]+"${as_owner[@]}"} "$bin/initdb" --pgdata "$home/data" --username dexter --auth trust \
    --encoding UTF8 --locale C --no-sync >"$home/initdb.log" 2>&1
) || { cat "$home/initdb.log" >&2; exit 1; }

port=$(node -e "const s = require('node:net').createServer().listen(0, '127.0.0.1', () => { console.log(s.address().port); s.close(); })")
(
  cd "$home"
  exec ${as_owner[@]+"${as_owner[@]}"} "$bin/postgres" -D "$home/data" -c listen_addresses=127.0.0.1 -c port="$port" \
    -c unix_socket_directories='' -c fsync=off >"$home/server.log" 2>&1
) &
server=$!

for _ in $(seq 100); do
  if "$bin/pg_isready" -q -h 127.0.0.1 -p "$port"; then ready=1; break; fi
  kill -0 "$server" 2>/dev/null || break
  sleep 0.1
done
if [ -z "${ready:-}" ]; then
  cat "$home/server.log" >&2
  echo 'Postgres did not start.' >&2
  exit 1
fi

export TEST_DATABASE_URL="postgres://dexter@127.0.0.1:$port/postgres"
# In the background, because bash runs no trap while a command in the foreground lasts.
vitest run --project services "$@" &
tests=$!
wait "$tests"
tests=''
