# The sources that the text checks read: the files of the repository without ignored ones, and the Rust code
# of the product without its tests.
package Product;
use strict;
use warnings;
use Exporter 'import';
our @EXPORT = qw(files read_text sources);

my $PRODUCT = qr{^(?:programs|crates|orchestrator|provider|cli|migrations)/.*\.rs$};
my $TESTS   = qr{(?:^|/)(?:tests|benches|examples)(?:/|\.rs$)|_tests\.rs$};

# Paths that match the pattern, relative to the repository's root, sorted.
sub files {
    my ($pattern) = @_;
    my $list = `git ls-files -z --cached --others --exclude-standard`;
    return grep { /$pattern/ && -f } split /\0/, $list;
}

sub read_text {
    my ($file) = @_;
    open my $handle, '<:encoding(UTF-8)', $file or die "cannot read $file: $!\n";
    local $/;
    return scalar <$handle>;
}

# Product code by path. Test files, `#[cfg(test)] mod name;` modules and inline test modules (with all that
# follows them in their file) are left out.
sub sources {
    my %text = map { $_ => read_text($_) } files($PRODUCT);
    my @tests;
    for my $file ( keys %text ) {
        ( my $folder = $file ) =~ s{(?:/(?:mod|lib|main))?\.rs$}{};
        while ( $text{$file} =~ /^#\[cfg\((?:test|all\(test[^\n]*)\)\]\n(?:pub(?:\([^)]*\))? )?mod (\w+);/mg ) {
            push @tests, "$folder/$1";
        }
        $text{$file} =~ s/^#\[cfg\(test\)\]\n(?:#\[[^\n]*\n)*mod \w+ \{.*\z//ms;
    }
    for my $file ( keys %text ) {
        delete $text{$file} if $file =~ $TESTS || grep { $file eq "$_.rs" || index( $file, "$_/" ) == 0 } @tests;
    }
    return \%text;
}

1;
