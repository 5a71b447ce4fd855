//! The fuzzer: libFuzzer's `main`, with the program in a virtual machine as its target.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    millrace_fuzz::run::run(bytes, &mut |_| ());
});
