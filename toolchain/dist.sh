#!/usr/bin/env bash
# Builds a release archive and its checksum in target/dist: the binary, shell completions, man pages
# and systemd units. Arguments are passed to cargo, such as --no-default-features.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$ROOT"

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
host=$(rustc -vV | sed -n 's/^host: //p')
name=millrace-$version-$host
out=$ROOT/target/dist
folder=$out/$name

lock dist
say "Building millrace for a release (an hour the first time on two cores)"
cargo build --locked --profile dist -p millrace-cli "$@"

rm -rf "$folder"
mkdir -p "$folder"/{bin,completions,man,systemd}
install -m 755 "$CARGO_TARGET_DIR/dist/millrace" "$folder/bin/millrace"
for shell in bash zsh fish; do
    "$folder/bin/millrace" completions "$shell" >"$folder/completions/millrace.$shell"
done
"$folder/bin/millrace" man "$folder/man"
cp toolchain/dist/*.service "$folder/systemd"
cp LICENSE README.md CHANGELOG.md "$folder"

# The same sources give the same archive, apart from the binary.
tar --create --directory "$out" --sort=name --owner=0 --group=0 --numeric-owner \
    --mtime="@$(git log -1 --format=%ct)" "$name" | gzip --no-name >"$out/$name.tar.gz"
(cd "$out" && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
say "target/dist/$name.tar.gz: $(stat -c %s "$out/$name.tar.gz") bytes"
