#!/bin/sh
# Runs once, in an empty database: Temporal and Gatehouse each get a role that owns its own databases and no more, and
# the processes of Gatehouse one that owns nothing; the migrations say what it may.
set -eu

psql --set=ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
  --set=temporal_password="$(cat /run/secrets/temporal-password)" \
  --set=gatehouse_password="$(cat /run/secrets/gatehouse-password)" \
  --set=runtime_password="$(cat /run/secrets/gatehouse-runtime-password)" <<'SQL'
CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';
CREATE ROLE gatehouse LOGIN PASSWORD :'gatehouse_password';
CREATE ROLE gatehouse_runtime LOGIN PASSWORD :'runtime_password';
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
CREATE DATABASE gatehouse OWNER gatehouse;
REVOKE CONNECT ON DATABASE temporal, temporal_visibility, gatehouse FROM PUBLIC;
GRANT CONNECT ON DATABASE gatehouse TO gatehouse_runtime;
SQL
