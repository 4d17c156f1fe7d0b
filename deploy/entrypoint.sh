#!/bin/sh
# Secrets come as files and become the variables that src/config.ts knows, in the one process that was given them.
set -eu

if [ -r /run/secrets/gatehouse-password ]; then
  DATABASE_URL="postgresql://gatehouse:$(cat /run/secrets/gatehouse-password)@postgres:5432/gatehouse"
  export DATABASE_URL
fi

if [ -r /run/secrets/gatehouse-runtime-password ]; then
  DATABASE_URL="postgresql://gatehouse_runtime:$(cat /run/secrets/gatehouse-runtime-password)@postgres:5432/gatehouse"
  export DATABASE_URL
fi

if [ -r /run/secrets/model-keys ]; then
  set -a
  . /run/secrets/model-keys
  set +a
fi

exec "$@"
