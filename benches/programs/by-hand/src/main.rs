//! A balance query written by hand with the same HTTP client: one message,
//! without validation, outcomes or masking.

use aes::Aes128;
use aes::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    user_name: &'a str,
    action: &'a str,
    authentication: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    response_code: String,
    balance: Option<serde_json::Number>,
}

fn cipher(key: &str) -> Aes128 {
    let digest = Sha1::digest(Sha1::digest(key));
    let mut key = [0; 16];
    key.copy_from_slice(&digest[..16]);
    Aes128::new(&key.into())
}

fn seal(cipher: &Aes128, plaintext: &[u8]) -> String {
    let padding = 16 - plaintext.len() % 16;
    let mut bytes = plaintext.to_vec();
    bytes.resize(plaintext.len() + padding, u8::try_from(padding).unwrap_or(16));
    cipher.encrypt_blocks(Array::slice_as_chunks_mut(&mut bytes).0);
    STANDARD.encode(bytes)
}

fn open(cipher: &Aes128, sealed: &str) -> Outcome<Vec<u8>> {
    let mut bytes = STANDARD.decode(sealed.trim())?;
    cipher.decrypt_blocks(Array::slice_as_chunks_mut(&mut bytes).0);
    let padding = usize::from(*bytes.last().ok_or("an empty answer")?);
    bytes.truncate(bytes.len().saturating_sub(padding));
    Ok(bytes)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cipher = cipher("encrypt key");
    let plaintext = serde_json::to_vec(&Request {
        user_name: "App@skypay",
        action: "balanceQuery",
        authentication: "authentication",
    })?;
    let answer = reqwest::Client::new()
        .post("https://skypay.example/services/callerName")
        .header("content-type", "text/plain")
        .body(seal(&cipher, &plaintext))
        .send()
        .await?;
    let answer: Answer = serde_json::from_slice(&open(&cipher, &answer.text().await?)?)?;
    println!("{} {:?}", answer.response_code, answer.balance);
    Ok(())
}
