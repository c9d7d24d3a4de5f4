#!/bin/sh
# Checks the image's tree and entry point without an engine for images: docker_tree.sh BINARY
# Closes with `N passed, N failed`.
set -eu
cd "$(dirname "$0")/.."
binary=$1
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
docker/make-tree "$binary" "$tree"
home=$tree/usr/share/logstash
entry=$tree/usr/local/bin/docker-entrypoint
passed=0 failed=0
log=$tree/log

holds() {
  what=$1
  shift
  if "$@" >"$log" 2>&1 </dev/null; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAILED %s\n' "$what"
    tail -n 20 "$log"
  fi
}
enter() { env -i PATH="$PATH" LS_HOME="$home" "$@"; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

holds "bin/logstash is the engine" enter "$home/bin/logstash" --version
holds "the settings and the default pipeline are accepted" enter "$entry" -t
keystore_add() {
  enter LOGSTASH_KEYSTORE_PASS=x "$home/bin/logstash-keystore" create
  echo secret | enter LOGSTASH_KEYSTORE_PASS=x "$home/bin/logstash-keystore" add ES_PWD --stdin
  enter LOGSTASH_KEYSTORE_PASS=x "$home/bin/logstash-keystore" list | grep -x es_pwd
  rm "$home/config/logstash.keystore"
}
holds "bin/logstash-keystore keeps secrets" keystore_add
holds "a command that is no option is run" sh -c "env -i PATH='$PATH' LS_HOME='$home' '$entry' echo hello | grep -x hello"

cat >"$home/pipeline/default.conf" <<'CONFIG'
input { generator { count => 3 message => "from the image" } }
output { stdout { codec => line } }
CONFIG
run_pipelines() {
  enter API_ENABLED=false PIPELINE_WORKERS=2 pipeline.batch.size=50 LOG_LEVEL=error "$entry" >"$tree/out"
  grep -c "from the image" "$tree/out" | grep -x 3
}
holds "pipelines.yml is run, and ends with its input" run_pipelines
holds "a variable becomes a setting" grep -x 'pipeline.workers: ${PIPELINE_WORKERS}' "$home/config/logstash.yml"
holds "also in the notation with points" grep -x 'pipeline.batch.size: ${pipeline.batch.size}' "$home/config/logstash.yml"
holds "other settings stay" grep -x 'api.http.host: 0.0.0.0' "$home/config/logstash.yml"
again() {
  enter API_ENABLED=false PIPELINE_WORKERS=3 LOG_LEVEL=error "$entry" >/dev/null
  grep -c '^pipeline.workers' "$home/config/logstash.yml" | grep -x 1
}
cp docker/config/logstash.yml "$home/config/"
holds "a second start changes nothing twice" again

cp docker/config/logstash.yml "$home/config/"
cat >"$home/pipeline/default.conf" <<'CONFIG'
input { heartbeat { interval => 60 } }
output { null { } }
CONFIG
# answers PATH WORDS...: the engine that the entry point starts with these words gives the page and ends well. More
# variables stand in $more.
answers() {
  page=$1
  shift
  env -i PATH="$PATH" LS_HOME="$home" API_HTTP_PORT="$port" LOG_LEVEL=error $more "$entry" "$@" &
  engine=$!
  ok=1
  for _ in $(seq 100); do
    if curl -fsS "http://127.0.0.1:$port$page"; then ok=0; break; fi
    kill -0 "$engine" || break
    sleep 0.1
  done
  kill "$engine"
  wait "$engine" || ok=1
  return "$ok"
}
more=
port=$(free_port)
holds "the API answers on 0.0.0.0, which the settings say" answers /
holds "also when the command names the engine" answers / "$home/bin/logstash"
port=$(free_port)
more=API_HTTP_HOST=127.0.0.1
holds "/healthz answers on the port of the environment, and SIGTERM ends the engine" answers /healthz
cp docker/config/logstash.yml "$home/config/"
more="API_AUTH_TYPE=basic API_AUTH_BASIC_USERNAME=u API_AUTH_BASIC_PASSWORD=Passw0rdx"
holds "/healthz answers without the password, as the health check asks" answers /healthz

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
