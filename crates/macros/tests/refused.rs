//! Constraints and account types that the derive does not check must not compile: a check that is written and
//! not made is worse than none. Each file in `refused` has one, and the message that the compiler prints.

#[test]
fn what_is_not_checked_does_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/refused/*.rs");
}
