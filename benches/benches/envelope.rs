//! Sealing and opening, beside OpenSSL's cipher and Base64, and beside what the
//! processor could do if there were nothing but AES.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench envelope`

use std::hint::black_box;
use std::time::Duration;

use aes::Aes128;
use aes::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use criterion::{BenchmarkId, Criterion, Throughput};
use openssl::base64::{decode_block, encode_block};
use openssl::symm::{Cipher, decrypt, encrypt};
use skypay_runtime::envelope::{EncryptKey, open, seal};

const KEY: &str = "00000000000000000000000000000000";
const SIZES: [usize; 4] = [256, 1024, 16 * 1024, 1024 * 1024];

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let key = EncryptKey::derive(KEY);
    // The same key, as OpenSSL wants it.
    let digest = openssl::sha::sha1(&openssl::sha::sha1(KEY.as_bytes()));
    let raw = &digest[..16];
    let cipher = Cipher::aes_128_ecb();
    let plain = Aes128::new_from_slice(raw).expect("it has 16 bytes");
    for size in SIZES {
        let clear: Vec<u8> = (0..size).map(|index| b'a' + (index % 26) as u8).collect();
        let sealed = seal(&key, &[&clear]);
        assert_eq!(
            sealed,
            encode_block(&encrypt(cipher, raw, None, &clear).expect("it can"))
        );

        let mut group = criterion.benchmark_group("seal");
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(BenchmarkId::new("ours", size), |bencher| {
            bencher.iter(|| seal(&key, black_box(&[&clear])));
        });
        group.bench_function(BenchmarkId::new("openssl", size), |bencher| {
            bencher.iter(|| {
                encode_block(&encrypt(cipher, raw, None, black_box(&clear)).expect("it can"))
            });
        });
        group.bench_function(BenchmarkId::new("aes alone", size), |bencher| {
            let mut bytes = clear.clone();
            bencher.iter(|| {
                let (blocks, _) = Array::slice_as_chunks_mut(black_box(&mut bytes));
                plain.encrypt_blocks(blocks);
            });
        });
        group.finish();

        let mut group = criterion.benchmark_group("open");
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(BenchmarkId::new("ours", size), |bencher| {
            bencher.iter(|| open(&key, black_box(sealed.as_bytes())).expect("it opens"));
        });
        group.bench_function(BenchmarkId::new("openssl", size), |bencher| {
            bencher.iter(|| {
                let bytes = decode_block(black_box(&sealed)).expect("it is Base64");
                let bytes = decrypt(cipher, raw, None, &bytes).expect("it opens");
                String::from_utf8(bytes).expect("it is a text")
            });
        });
        group.bench_function(BenchmarkId::new("aes alone", size), |bencher| {
            let mut bytes = clear.clone();
            bencher.iter(|| {
                let (blocks, _) = Array::slice_as_chunks_mut(black_box(&mut bytes));
                plain.decrypt_blocks(blocks);
            });
        });
        group.finish();
    }
    criterion.final_summary();
}
