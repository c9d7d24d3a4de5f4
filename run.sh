#!/bin/sh
# Installs what is missing, builds, and runs pipelines/main.conf. Further words go to the engine: ./run.sh --log.level debug
set -eu
cd "$(dirname "$0")"
docker/install-build-deps
[ -f build/build.ninja ] || meson setup build --buildtype=release >/dev/null
echo "Building (a few minutes the first time) ..."
ninja -C build pipeline

if [ -n "${ELASTICSEARCH_HOSTS:-}" ]; then
  where="$ELASTICSEARCH_HOSTS"
  find="curl -s '${ELASTICSEARCH_HOSTS%%,*}/logs-*/_search?q=first&pretty'"
else
  where="its own index, http://127.0.0.1:9200"
  find="curl -s 'http://127.0.0.1:9200/logs-*/_search?q=first&pretty'"
fi
cat <<TEXT

Listening on:  beats 5044    tcp json_lines 5000    udp json_lines 5001    monitoring http://127.0.0.1:9600
Writing to:    $where

Paste this into another terminal to send a first event, and to find it again:

  echo '{"message":"my first event","tenant_id":"acme","level":"info"}' > /dev/tcp/127.0.0.1/5000
  $find

TEXT
exec build/pipeline -f pipelines/main.conf --path.data data "$@"
