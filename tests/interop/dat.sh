#!/usr/bin/env bash
# dat.sh WORKDIR: the Delta Acceptance Tests (github.com/delta-incubator/dat), a release's tables of Spark and what is to be read in them. The
# archive is fetched once, and nothing is compared where it cannot be had; TARN_DAT names a directory of cases that is there already.
set -euo pipefail
cd "$(dirname "$0")/../.."
VERSION=0.0.3 SUM=19c045bc6f4e8531d1985d0f7bb156d788e65078b435d613c8e4a9c753b4a982
if [ -z "${TARN_DAT:-}" ]; then
  CACHE=${TARN_DAT_CACHE:-$HOME/.cache/tarn-dat}; ARCHIVE=$CACHE/deltalake-dat-v$VERSION.tar.gz
  mkdir -p "$CACHE"
  if [ ! -f "$ARCHIVE" ]; then
    if ! curl -fsSL --max-time 120 -o "$ARCHIVE.part" "https://github.com/delta-incubator/dat/releases/download/v$VERSION/deltalake-dat-v$VERSION.tar.gz"; then
      rm -f "$ARCHIVE.part"; echo "dat: the archive cannot be had, nothing is compared"; exit 0
    fi
    echo "$SUM  $ARCHIVE.part" | sha256sum -c --quiet
    mv "$ARCHIVE.part" "$ARCHIVE"
  fi
  mkdir -p "$1/dat"; tar -xzf "$ARCHIVE" -C "$1/dat"
  TARN_DAT=$1/dat/out/reader_tests/generated
fi
TARN_DAT=$TARN_DAT go test -count=1 -run TestAcceptance ./storage/delta
