#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| goipd_fuzz::time::time(bytes));
