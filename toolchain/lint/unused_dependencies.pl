# Lists the dependencies of each crate that its sources do not name, and fails if there are any. Reads the output
# of `cargo metadata --no-deps`.
#
# A normal dependency must be named in `src/`, a build dependency in the build script, a development
# dependency anywhere in the crate.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Find;
use JSON::PP qw(decode_json);

my $metadata = do { local $/; decode_json(<STDIN>) };
my @packages = @{ $metadata->{packages} };
my %is_package_folder = map { dirname( $_->{manifest_path} ) => 1 } @packages;
my ( $checked, @unused ) = (0);

# The text of a Rust file without comments, and of the files that it includes by path.
sub text_of {
    my ($file) = @_;
    open my $handle, '<', $file or return '';
    my $text = do { local $/; <$handle> };
    my @included = map { abs_path( dirname($file) . "/$_" ) // () } $text =~ /^\s*#\[path = "([^"]+)"\]/mg;
    $text =~ s{(?<!:)//.*$}{}mg;
    return join "\n", $text, map { text_of($_) } @included;
}

# The texts of all Rust files in a folder, except those of other crates in it.
sub sources_in {
    my ($folder) = @_;
    my %text;
    my $skip = sub {
        grep { $_ ne 'target' && !$is_package_folder{"$File::Find::dir/$_"} } @_;
    };
    my $read = sub { $text{$_} = text_of($_) if /\.rs$/ };
    find( { wanted => $read, preprocess => $skip, no_chdir => 1 }, $folder ) if -d $folder;
    return \%text;
}

for my $package (@packages) {
    my $folder = dirname( $package->{manifest_path} );
    my $sources = sources_in($folder);
    my ($script) = map { $_->{src_path} } grep { $_->{kind}[0] eq 'custom-build' } @{ $package->{targets} };
    for my $dependency ( @{ $package->{dependencies} } ) {
        my $kind = $dependency->{kind} // 'normal';
        my @files = $kind eq 'dev' ? keys %$sources
            : $kind eq 'build' ? ( $script // () )
            : grep { m{^\Q$folder\E/src/} } keys %$sources;
        ( my $name = $dependency->{rename} // $dependency->{name} ) =~ tr/-/_/;
        my $use = qr/(?<![\w:.])(?:::)?${name}::|\b(?:use|extern crate)\s+(?:::)?${name}\b|"$name"/;
        $checked++;
        next if grep { $sources->{$_} =~ $use } @files;
        push @unused, "$package->{name}: $dependency->{name} ($kind)";
    }
}
print "$_\n" for sort @unused;
printf "dependencies: %d; named nowhere in their crate: %d\n", $checked, scalar @unused;
if (@unused) {
    print STDERR "error: remove these dependencies from the manifests\n";
    exit 1;
}
