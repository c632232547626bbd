#!/usr/bin/env bash
# The test suites of ORMs against the server at $PGHOST:$PGPORT: orm/run.sh WORKDIR [sqlalchemy | django]
# DJANGO_TESTS names the test packages of Django to run instead of the listed ones; then nothing is compared.
set -euo pipefail
cd "$(dirname "$0")/../../.."
WORK=$1 ONLY=${2:-} HERE=$PWD/tests/interop SQLALCHEMY=2.1.9 DJANGO=5.2.19
VENV=${TARN_ORM_VENV:-$HOME/.cache/tarn-orm-1}
if [ ! -e "$VENV/done" ]; then # packages of their own: none of them may change what the other clients run with
  rm -rf "$VENV"; python3 -m venv "$VENV"
  "$VENV/bin/pip" -q install "sqlalchemy==$SQLALCHEMY" "django==$DJANGO" 'psycopg[binary]==3.3.9' pytest==9.2.0 pytest-xdist==3.8.0 tblib==3.2.2 \
    psycopg-pool==3.3.3 jinja2==3.1.6 pillow==13.0.0 docutils==0.23 PyYAML==6.0.4 tzdata==2026.6
  "$VENV/bin/pip" -q download --no-deps --no-binary sqlalchemy,django "sqlalchemy==$SQLALCHEMY" "django==$DJANGO" -d "$VENV/src" # the tests are in the source packages only
  touch "$VENV/done"
fi
sql() { psql -qX -v ON_ERROR_STOP=1 "$@"; }
export PYTHONPATH=$HERE/orm PYTHONDONTWRITEBYTECODE=1
status=0

if [ -z "$ONLY" ] || [ "$ONLY" = sqlalchemy ]; then
  tar -xzf "$VENV/src/sqlalchemy-$SQLALCHEMY.tar.gz" -C "$WORK"
  sql -c 'create database sqlalchemy' -c "alter database sqlalchemy set default_text_search_config = 'pg_catalog.english'"
  sql -d sqlalchemy -c 'create schema test_schema' -c 'create schema test_schema_2'
  # -s: the installed package, which is compiled, not the one beside the tests
  (cd "$WORK/sqlalchemy-$SQLALCHEMY" && TARN_RESULTS=$WORK/sqlalchemy.results timeout 600 "$VENV/bin/python" -s -m pytest -p sqla_plugin -p no:cacheprovider \
    -q -n 2 --maxfail=100000 --dburi "postgresql+psycopg://$PGUSER@$PGHOST:$PGPORT/sqlalchemy" test/dialect/test_suite.py >"$WORK/sqlalchemy.log" 2>&1) || true
  python3 "$HERE/verdict.py" "$HERE/orm/sqlalchemy.expected" "$WORK/sqlalchemy.results" 1893 || { tail -40 "$WORK/sqlalchemy.log"; status=1; }
fi

if [ -z "$ONLY" ] || [ "$ONLY" = django ]; then
  tar -xzf "$VENV/src/django-$DJANGO.tar.gz" -C "$WORK"
  sql -c 'create database django' -c 'create database django2'
  (cd "$WORK/django-$DJANGO/tests" && TARN_RESULTS=$WORK/django.results timeout 900 "$VENV/bin/python" runtests.py --settings django_settings --parallel 2 --noinput \
    ${DJANGO_TESTS:-basic queries expressions aggregation migrations schema introspection inspectdb transactions backends constraints postgres_tests} >"$WORK/django.log" 2>&1) || true
  if [ -n "${DJANGO_TESTS:-}" ]; then
    cut -d' ' -f1 "$WORK/django.results" | sort | uniq -c; grep '^fail' "$WORK/django.results" | sort -u; exit $status
  fi
  python3 "$HERE/verdict.py" "$HERE/orm/django.expected" "$WORK/django.results" 3105 || { tail -40 "$WORK/django.log"; status=1; }
fi
exit $status
