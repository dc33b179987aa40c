#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pgark_physical::fuzzing::manifest(data));
