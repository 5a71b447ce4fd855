#!/usr/bin/env bash
# Counts the tell-tale words of unclear prose (docs/style.md) in product code and documentation, per
# 1,000 lines, and fails above the allowance. --list prints every hit as FILE:LINE: TEXT; --list WORD prints
# those of one row.
#
# A line is a comment line of Rust, a non-blank line of a documentation page outside code fences, a comment or
# message of a script, or a string literal with a space in product code (errors, logs, help).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

read -r -d '' program <<'PERL' || true
use strict;
use warnings;
use Product;

# Name, pattern, allowance per 1,000 lines. 
my @rows = (
    [ 'where',      qr/\bwhere\b/i,                                          8 ],
    [ 'is no',      qr/(?<!there )\b(?:is|are|was|be) no (?!longer\b|more than\b|one\b|less\b)|\bthere (?:is|are) no \S+ (?:at|under)\b/i, 1 ],
    [ 'nobody',     qr/\b(?:nobody|whoever|whomever|somebody|anybody|everybody)\b/i, 1 ],
    [ 'tell',       qr/\b(?:tell|tells|told|telling)\b/i,                    1 ],
    [ 'say',        qr/\b(?:say|says|said|saying)\b/i,                       1 ],
    [ 'know',       qr/\b(?:know|knows|knew)\b/i,                            1 ],
    [ 'stand',      qr/\b(?:stand|stands|stood)\b/i,                         1 ],
    [ 'lie',        qr/\b(?:lie|lies|lay|lain)\b/i,                          1 ],
    [ 'under way',  qr/\bunder ?way\b/i,                                     1 ],
    [ 'anew',       qr/\b(?:anew|thrice|for good|all the same|be had|begun)\b/i, 1 ],
    [ 'dear',       qr/\b(?:dear|dearer|purse|heir|passer-by)\b/i,           1 ],
    [ 'what is to', qr/\b(?:what is to be|those that are|those whom)\b/i,    1 ],
    [ 'guillemets', qr/[\x{ab}\x{bb}]/i,                                     1 ],
);

my $list = ( $ARGV[0] // '' ) eq '--list';
my $only = $ARGV[1];
my ( %lines, %hits );

sub count {
    my ( $kind, $file, $number, $text ) = @_;
    $lines{$kind}++;
    for my $row (@rows) {
        my ( $name, $pattern ) = @$row;
        my $found = () = $text =~ /$pattern/g;
        next unless $found;
        $hits{$name}{$kind} += $found;
        print "$file:$number: [$name] $text\n" if $list && ( !$only || $only eq $name );
    }
}

sub rust {
    my ( $file, $text ) = @_;
    my ( $number, @code ) = (0);
    for my $line ( split /\n/, $text ) {
        $number++;
        if ( $line =~ m{^\s*//[/!]?\s?(.*)} ) { count( 'comments', $file, $number, $1 ); push @code, ''; }
        else                                  { push @code, $line; }
    }
    my $code = join "\n", @code;
    my $line = 1;
    while ( $code =~ /\G(?:'(?:\\?.)'|r(#+)"(?<raw>.*?)"\1|"(?<plain>(?:[^"\\]|\\.)*)"|(?<end>\n)|.)/gs ) {
        my $at     = $line;
        my $string = $+{plain} // $+{raw};
        $line += () = $& =~ /\n/g;
        next unless defined $string && $string =~ /[a-z] \S*[a-z]/i;
        next if $string =~ /\b(?:SELECT|INSERT|UPDATE|DELETE|CREATE|WHERE)\b/;
        $string =~ s/\\\n\s*//g;
        $string =~ s/\n/ /g;
        count( 'messages', $file, $at, $string );
    }
}

sub page {
    my ( $file, $text ) = @_;
    my ( $number, $fence ) = ( 0, 0 );
    for my $line ( split /\n/, $text ) {
        $number++;
        if ( $line =~ /^\s*```/ ) { $fence = !$fence; next }
        count( 'pages', $file, $number, $line ) if !$fence && $line =~ /\S/;
    }
}

sub script {
    my ( $file, $text ) = @_;
    my $number = 0;
    for my $line ( split /\n/, $text ) {
        $number++;
        if    ( $line =~ /(?:^|\s)##? (.*)/ )                         { count( 'scripts', $file, $number, $1 ) }
        elsif ( $line =~ /\b(?:say|die|echo)\b[ ,()]*["'](.*)["']/ ) { count( 'scripts', $file, $number, $1 ) }
    }
}

my $sources = sources();
rust( $_, $sources->{$_} ) for sort keys %$sources;
# The style guide quotes the words.
page( $_, read_text($_) )
    for grep { $_ ne 'docs/style.md' } files(qr{\.md$});
script( $_, read_text($_) )
    for grep { $_ ne 'toolchain/prose.sh' } files(qr{\.(?:sh|pm|toml|yml)$|^Makefile$|^\.ci/});

my @kinds = qw(comments pages scripts messages);
my $total = 0;
$total += $lines{$_} // 0 for @kinds;
printf "%-12s %8s %8s %8s %8s %8s %10s %10s\n", 'word', @kinds, 'all', 'per 1,000', 'allowance';
my @above;
for my $row (@rows) {
    my ( $name, undef, $allowance ) = @$row;
    my $all = 0;
    $all += $hits{$name}{$_} // 0 for @kinds;
    my $rate = $total ? $all * 1000 / $total : 0;
    push @above, $name if $rate > $allowance;
    printf "%-12s %8d %8d %8d %8d %8d %10.1f %10d%s\n", $name, ( map { $hits{$name}{$_} // 0 } @kinds ),
        $all, $rate, $allowance, $rate > $allowance ? '  above' : '';
}
printf "%-12s %8d %8d %8d %8d %8d\n", 'lines', ( map { $lines{$_} // 0 } @kinds ), $total;
if (@above) {
    print STDERR "error: above the allowance: @above. Rewrite the sentences (docs/style.md); "
        . "toolchain/prose.sh --list prints them\n";
    exit 1;
}
PERL

perl -CS -Itoolchain/lint -e "$program" -- "$@"
