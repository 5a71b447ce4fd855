#!/usr/bin/env bash
# Makes the target folder that host builds share this checkout's, before cargo looks at it.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

lock claim
claim_target "$CARGO_TARGET_DIR"
