#!/usr/bin/env bash
# Assigns the shared target folder of host builds to this checkout, before cargo uses it.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

lock claim
claim_target "$CARGO_TARGET_DIR"
