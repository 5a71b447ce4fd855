#!/usr/bin/env bash
# Lists type names (struct, enum, union, trait, type alias) that product code defines more than once, with
# the places, and fails if there are any.
#
# Allowed: indented `type` items, which are associated types (`type Err`, `type Output`); the alias `Result`
# of a crate; and `Sealed`, the conventional private supertrait.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

read -r -d '' program <<'PERL' || true
use strict;
use warnings;
use Product;

my %allowed = map { $_ => 1 } qw(Result Sealed);
my ( %places, $sources );
$sources = sources();
for my $file ( sort keys %$sources ) {
    my $number = 0;
    for my $line ( split /\n/, $sources->{$file} ) {
        $number++;
        my $visible = qr/(?:pub(?:\([^)]*\))? )?/;
        my ($name) = $line =~ /^\s*$visible(?:unsafe )?(?:struct|enum|union|trait) (\w+)/;
        ($name) = $line =~ /^${visible}type (\w+)/ if !$name;
        push @{ $places{$name} }, "$file:$number" if $name && !$allowed{$name};
    }
}
my @twice = sort grep { @{ $places{$_} } > 1 } keys %places;
print "$_: @{ $places{$_} }\n" for @twice;
printf "type names: %d; defined more than once: %d\n", scalar keys %places, scalar @twice;
if (@twice) {
    print STDERR "error: give each type a name of its own (docs/style.md)\n";
    exit 1;
}
PERL

perl -Itoolchain/lint -e "$program"
