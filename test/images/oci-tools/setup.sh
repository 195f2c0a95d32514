#!/bin/sh
# Nothing to set up: these are command-line tools.
set -eu
mkdir -p /work
