//! Encryption and decryption of the envelope, compared with OpenSSL's cipher
//! and Base64, and with the limit of the processor's AES instructions.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench envelope`
//!
//! Times are the fastest of many short runs, because other load on the machine
//! can only slow a run down.

use std::hint::black_box;
use std::time::{Duration, Instant};

use aes::Aes128;
use aes::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use openssl::base64::{decode_block, encode_block};
use openssl::symm::{Cipher, decrypt, encrypt};
use skypay_runtime::envelope::{EncryptKey, open, seal};

const KEY: &str = "00000000000000000000000000000000";
const SIZES: [usize; 4] = [256, 1024, 16 * 1024, 1024 * 1024];

fn main() {
    let key = EncryptKey::derive(KEY);
    // The same key in the format of OpenSSL.
    let digest = openssl::sha::sha1(&openssl::sha::sha1(KEY.as_bytes()));
    let raw = &digest[..16];
    let cipher = Cipher::aes_128_ecb();
    let plain = Aes128::new_from_slice(raw).expect("it has 16 bytes");
    println!("    bytes   seal OpenSSL AES alone   open OpenSSL AES alone, in microseconds");
    for size in SIZES {
        let plaintext: Vec<u8> = (0..size).map(|index| b'a' + (index % 26) as u8).collect();
        let sealed = seal(&key, &[&plaintext]);
        let by_openssl = || encode_block(&encrypt(cipher, raw, None, &plaintext).expect("it can"));
        assert_eq!(sealed, by_openssl());
        let mut bytes = plaintext.clone();
        let sealing = [
            fastest(size, || seal(&key, black_box(&[&plaintext]))),
            fastest(size, by_openssl),
            fastest(size, || {
                let (blocks, _) = Array::slice_as_chunks_mut(black_box(&mut bytes));
                plain.encrypt_blocks(blocks);
            }),
        ];
        let opening = [
            fastest(size, || {
                open(&key, black_box(sealed.as_bytes())).expect("it opens")
            }),
            fastest(size, || {
                let bytes = decode_block(black_box(&sealed)).expect("it is Base64");
                let bytes = decrypt(cipher, raw, None, &bytes).expect("it opens");
                String::from_utf8(bytes).expect("it is a text")
            }),
            fastest(size, || {
                let (blocks, _) = Array::slice_as_chunks_mut(black_box(&mut bytes));
                plain.decrypt_blocks(blocks);
            }),
        ];
        let times = sealing.iter().chain(&opening);
        let times: Vec<_> = times.map(|time| format!("{time:9.2}")).collect();
        println!("{size:9} {}", times.concat());
    }
}

/// Returns the time of one call in microseconds. A run has as many calls as take
/// about ten microseconds.
fn fastest<T>(size: usize, mut what: impl FnMut() -> T) -> f64 {
    let times = 1 + 16 * 1024 / size as u32;
    let begin = Instant::now();
    let mut fastest = Duration::MAX;
    while begin.elapsed() < Duration::from_millis(1500) {
        let run = Instant::now();
        for _ in 0..times {
            black_box(what());
        }
        fastest = fastest.min(run.elapsed());
    }
    fastest.as_secs_f64() * 1e6 / f64::from(times)
}
