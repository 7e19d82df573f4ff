#!/bin/sh
# Installs what makes Go and Python of proto/, for the test that does so: into the user's cache, and only where CI says that it may.
# It needs Go and Python with pip; without one of them its part is left out, and the test says so.
set -eu
[ "${CI:-}" = true ] || exit 0
place="${XDG_CACHE_HOME:-$HOME/.cache}/farrier/generators"
mkdir -p "$place"
if command -v go >/dev/null && [ ! -x "$place/protoc-gen-connect-go" ]; then
  GOBIN="$place" go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.10
  GOBIN="$place" go install connectrpc.com/connect/cmd/protoc-gen-connect-go@v1.19.1
fi
if command -v python3 >/dev/null && ! "$place/python/bin/python" -c 'import grpc_tools' 2>/dev/null; then
  python3 -m venv "$place/python"
  "$place/python/bin/pip" install -q grpcio-tools
fi
