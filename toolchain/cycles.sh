#!/usr/bin/env bash
# Lists groups of files of one crate that import each other, directly or in a circle, and fails if there are
# any. An import is a `use` of a path or a path written out in code (`crate::a::b`, `super::b`, `child::b`).
# A re-export (`pub use`) is not an import: a file that uses the name imports the file that defines it.
# Tests are left out. --edges prints each import as FROM -> TO instead.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

read -r -d '' program <<'PERL' || true
use strict;
use warnings;
no warnings 'recursion';
use Product;

my $sources = sources();
my ( %file_of, %module_of, %defines, %reexports, %globs, %uses, %inline );

# A module is named by its crate's folder and its path: `crates/client tx::sender`.
for my $file ( keys %$sources ) {
    my ( $crate, $path ) = $file =~ m{^(.*?)/src/(.*)\.rs$} or next;
    $path =~ s{(?:^|/)(?:mod|lib|main)$}{};
    ( my $module = "$crate $path" ) =~ s{/}{::}g;
    $module =~ s{^\S+}{$crate};
    $file_of{$module} = $file;
    $module_of{$file} = $module;
}

sub parent { my ($module) = @_; return $module =~ s/(?:::|(?<= ))\w+$//r }
sub child  { my ( $module, $name ) = @_; return $module . ( $module =~ / $/ ? '' : '::' ) . $name }

# Every path of a use tree: `a::{b, c as d, self}` gives a::b, a::c and a, each with its local name.
sub flatten {
    my ( $prefix, $tree ) = @_;
    my @found;
    my ( $depth, $item ) = ( 0, '' );
    for my $token ( split /([{},])/, "$tree," ) {
        if ( $token eq ',' && $depth == 0 ) {
            $item =~ s/^\s+|\s+$//g;
            if    ( $item =~ /^((?:\w+::)*)\{(.*)\}$/s ) { push @found, flatten( $prefix . $1, $2 ) }
            elsif ( $item =~ /^(\S+?)(?:\s+as\s+(\w+))?$/ ) {
                my ( $path, $as ) = ( $prefix . $1, $2 );
                $path =~ s/::self$//;
                push @found, [ $path, $as // ( $path =~ /(\w+|\*)$/ )[0] ];
            }
            $item = '';
            next;
        }
        $depth++ if $token eq '{';
        $depth-- if $token eq '}';
        $item .= $token;
    }
    return @found;
}

for my $file ( keys %module_of ) {
    my $module = $module_of{$file};
    ( my $code = $sources->{$file} ) =~ s{//[^\n]*}{}g;
    $code =~ s/"(?:[^"\\]|\\.)*"/""/gs;
    $defines{$module}{$1} = 1
        while $code =~ /^(?:pub(?:\([^)]*\))? )?(?:(?:async|const|unsafe) )*(?:fn|struct|enum|union|trait|type|const|static|macro_rules!) (\w+)/mg;
    while ( $code =~ s/^\s*(pub(?:\([^)]*\))? )?use ([^;]+);//m ) {
        my ( $public, $tree ) = ( $1, $2 );
        for my $use ( flatten( '', $tree ) ) {
            my ( $path, $name ) = @$use;
            if    ( !$public )     { push @{ $uses{$module} }, $path }
            elsif ( $name eq '*' ) { push @{ $globs{$module} }, $path =~ s/::\*$//r }
            else                   { $reexports{$module}{$name} = $path }
        }
    }
    push @{ $inline{$module} }, $1 while $code =~ /(?<![\w:\$])((?:crate|super)(?:::\w+)+)/g;
}

# The module that defines what PATH, written in MODULE, names; nothing for other crates.
sub resolve {
    my ( $module, $path, $depth ) = @_;
    # `declare_id!` puts the program id into the crate root, so that import is not a design choice.
    return if $depth > 8 || $path =~ /^crate::(?:ID|id)$/;
    my @parts = split /::/, $path;
    my $at    = $module;
    if ( $parts[0] eq 'crate' ) { shift @parts; $at =~ s/ .*/ / }
    elsif ( $parts[0] eq 'self' ) { shift @parts }
    elsif ( $parts[0] eq 'super' ) {
        while ( @parts && $parts[0] eq 'super' ) { shift @parts; $at = parent($at) }
    }
    elsif ( !$file_of{ child( $at, $parts[0] ) } ) { return }
    while (@parts) {
        my $next = child( $at, $parts[0] );
        if ( $file_of{$next} ) { $at = $next; shift @parts; next }
        last if $parts[0] eq '*' || $defines{$at}{ $parts[0] };
        my $target = $reexports{$at}{ $parts[0] };
        my @ways   = defined $target ? ($target) : map { "${_}::$parts[0]" } @{ $globs{$at} // [] };
        for my $way (@ways) {
            my $found = resolve( $at, $way, $depth + 1 );
            return $found if $found && ( defined $target || $defines{$found}{ $parts[0] } );
        }
        last;
    }
    return $at;
}

my %edges;
for my $module ( keys %file_of ) {
    for my $path ( @{ $uses{$module} // [] }, @{ $inline{$module} // [] } ) {
        my $target = resolve( $module, $path, 0 );
        $edges{$module}{$target} = 1 if defined $target && $file_of{$target} && $target ne $module;
    }
}
if ( ( $ARGV[0] // '' ) eq '--edges' ) {
    for my $from ( sort keys %edges ) {
        print "$file_of{$from} -> $file_of{$_}\n" for sort keys %{ $edges{$from} };
    }
    exit 0;
}

# Tarjan's strongly connected components.
my ( %index, %low, %on, @stack, @circles );
my $counter = 0;
sub visit {
    my ($module) = @_;
    $index{$module} = $low{$module} = $counter++;
    push @stack, $module;
    $on{$module} = 1;
    for my $next ( sort keys %{ $edges{$module} // {} } ) {
        if ( !defined $index{$next} ) {
            visit($next);
            $low{$module} = $low{$next} if $low{$next} < $low{$module};
        }
        elsif ( $on{$next} && $index{$next} < $low{$module} ) { $low{$module} = $index{$next} }
    }
    return if $low{$module} != $index{$module};
    my @group;
    while ( my $member = pop @stack ) {
        $on{$member} = 0;
        push @group, $member;
        last if $member eq $module;
    }
    push @circles, [ sort map { $file_of{$_} } @group ] if @group > 1;
}
for my $module ( sort keys %file_of ) { visit($module) if !defined $index{$module} }

for my $circle ( sort { $a->[0] cmp $b->[0] } @circles ) {
    print "these files import each other:\n", map { "    $_\n" } @$circle;
}
printf "files: %d; import cycles: %d\n", scalar keys %file_of, scalar @circles;
if (@circles) {
    print STDERR "error: move what they share into a file of its own; toolchain/cycles.sh --edges lists the imports\n";
    exit 1;
}
PERL

perl -Itoolchain/lint -e "$program" -- "$@"
