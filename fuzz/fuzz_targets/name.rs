//! Fuzzes the target `name` of `raftwerk-decoders`.
#![no_main]

#[global_allocator]
static METER: raftwerk_decoders::meter::Meter = raftwerk_decoders::meter::Meter;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| raftwerk_decoders::fuzz("name", bytes));
