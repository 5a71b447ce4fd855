#!/usr/bin/env bash
# Checks the links of the documentation: every relative link leads to a file and, after #, to a heading of it, and
# every path in backticks that starts with a folder of the repository exists.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

read -r -d '' program <<'PERL' || true
use strict;
use warnings;
use Product;

my @pages = files(qr{\.md$});
my ( %text, %anchors );
for my $page (@pages) {
    ( $text{$page} = read_text($page) ) =~ s/^```.*?^```//msg;
    for my $heading ( $text{$page} =~ /^#+ (.*)$/mg ) {
        # As GitHub makes them: lower case, no punctuation, dashes for spaces.
        ( my $anchor = lc $heading ) =~ s/[^\w\- ]//g;
        $anchors{$page}{ $anchor =~ tr/ /-/r } = 1;
    }
}

# A path without `.` and `..`.
sub normal {
    my @parts;
    for my $part ( split m{/}, $_[0] ) {
        if    ( $part eq '..' ) { pop @parts }
        elsif ( $part ne '.' )  { push @parts, $part }
    }
    return join '/', @parts;
}

# `a/{b,c}.rs` names a/b.rs and a/c.rs.
sub alternatives {
    my ($path) = @_;
    my ( $before, $inner, $after ) = $path =~ /^(.*?)\{([^}]*)\}(.*)$/ or return ($path);
    return map { alternatives("$before$_$after") } split /,/, $inner;
}

my ( $checked, @broken ) = (0);
for my $page (@pages) {
    ( my $folder = $page ) =~ s{[^/]*$}{};
    while ( $text{$page} =~ /\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)/g ) {
        my ( $target, $anchor ) = ( $1 eq '' ? $page : normal("$folder$1"), $2 );
        $checked++;
        push @broken, "$page: no file $target" if !-e $target;
        push @broken, "$page: no heading #$anchor in $target"
            if $anchor ne '' && $anchors{$target} && !$anchors{$target}{$anchor};
    }
    # The changelog names paths of the past.
    next if $page eq 'CHANGELOG.md';
    my $folders = qr{(?:programs|crates|orchestrator|provider|cli|migrations|tests|testkit|toolchain|docs|examples|idl)/};
    for my $path ( map { alternatives($_) } $text{$page} =~ m{`($folders[^`\s<>*]*)`}g ) {
        next if $path =~ m{^(?:examples|tests)/\S*/target/};
        $checked++;
        push @broken, "$page: no path $path" if !-e $path;
    }
}
print map { "$_\n" } @broken;
printf "links and paths of the documentation: %d; broken: %d\n", $checked, scalar @broken;
exit( @broken ? 1 : 0 );
PERL

perl -CS -Itoolchain/lint -e "$program"
