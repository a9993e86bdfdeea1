#!/bin/bash
# Writes quorate.yaml from QUORATE_* variables (QUORATE_SEEDS sets `seeds`, and so on for every key)
# and becomes the server.
set -eu
data=/var/lib/quorate
address=$(hostname -i | awk '{print $1}')
{
  echo "listen_address: 0.0.0.0"
  echo "broadcast_address: ${QUORATE_BROADCAST_ADDRESS:-$address}"
  echo "data_directory: $data/data"
  env | sed -n 's/^QUORATE_\([A-Z_]*\)=\(.*\)$/\1 \2/p' | while read -r key value; do
    case $key in
      BROADCAST_ADDRESS | HEAP | JAVA_OPTS) ;;
      *) echo "$(echo "$key" | tr '[:upper:]' '[:lower:]'): $value" ;;
    esac
  done
} > "$data/quorate.yaml"
export QUORATE_HEAP=${QUORATE_HEAP:-512m}
exec quorate node --config "$data/quorate.yaml"
