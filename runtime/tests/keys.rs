//! Credentials and the rotation of keys.

use skypay_runtime::envelope;
use skypay_runtime::keys::{Credentials, KeyRing, check_issued};

fn credentials(number: u8) -> Credentials {
    let (secret, key) = (format!("SECRET-{number}"), format!("KEY-{number}"));
    Credentials::new("App@skypay", secret, key).unwrap()
}

fn secrets(keys: &KeyRing) -> Vec<String> {
    let all = keys.all();
    all.iter()
        .map(|one| one.authentication().to_owned())
        .collect()
}

#[test]
fn what_was_damaged_on_its_way_here_is_refused_by_name_and_place() {
    for (text, said) in [
        ("", "is empty"),
        ("KEY\n", "has a line end at its end"),
        ("KEY\r\n", "has a line end at its end"),
        ("\nKEY", "has a line end at its beginning"),
        ("KE\nY", "has a line end inside"),
        (" KEY", "has a space at its beginning"),
        ("KEY ", "has a space at its end"),
        (" ", "has a space at its beginning"),
        ("KEY\t", "has a tab at its end"),
        ("\u{feff}KEY", "has a byte order mark at its beginning"),
        (
            "KEY\u{a0}",
            "has a character that cannot be seen at its end",
        ),
        ("KE\u{200b}Y", "has a character that cannot be seen inside"),
        ("KE\u{ad}Y", "has a character that cannot be seen inside"),
        (
            "KEY\u{2028}",
            "has a character that cannot be seen at its end",
        ),
        ("KEY\0", "has a character that cannot be seen at its end"),
        ("KE\u{fffd}Y", "has a byte that is not UTF-8 inside"),
    ] {
        assert_eq!(
            check_issued(text).unwrap_err().to_string(),
            said,
            "{text:?}"
        );
        for (name, credentials) in [
            ("user name", Credentials::new(text, "SECRET", "KEY")),
            (
                "authentication",
                Credentials::new("App@skypay", text, "KEY"),
            ),
            (
                "encrypt key",
                Credentials::new("App@skypay", "SECRET", text),
            ),
        ] {
            let expected = format!("the {name} {said}; give it exactly as it was issued");
            assert_eq!(credentials.unwrap_err().to_string(), expected);
        }
    }
    // The document does not restrict the characters of a key.
    for text in ["C5DC7C518C673218E63A4580FFFC224F", "a b", "\"'\\", "密钥ñ€"] {
        assert_eq!(check_issued(text), Ok(()), "{text:?}");
    }
}

#[test]
fn only_the_right_pair_matches() {
    let one = credentials(1);
    assert!(one.matches("App@skypay", "SECRET-1"));
    for (user_name, authentication) in [
        ("App@skypay", "SECRET-2"),
        ("App@skypa", "ySECRET-1"),
        ("app@skypay", "SECRET-1"),
        ("SECRET-1", "App@skypay"),
        ("App@skypay", ""),
        ("", ""),
    ] {
        assert!(
            !one.matches(user_name, authentication),
            "{user_name} {authentication}"
        );
    }
}

#[test]
fn the_newest_comes_first_and_the_others_stay_until_retired() {
    let keys = KeyRing::new(credentials(2)).with_previous(credentials(1));
    let (clone, before) = (keys.clone(), keys.all());
    assert_eq!(secrets(&keys), ["SECRET-2", "SECRET-1"]);
    keys.rotate(credentials(3));
    assert_eq!(secrets(&keys), ["SECRET-3", "SECRET-2", "SECRET-1"]);
    assert_eq!(keys.current().authentication(), "SECRET-3");
    assert_eq!(secrets(&clone), secrets(&keys), "clones share changes");
    assert_eq!(before.len(), 2, "what was handed out does not change");
    keys.retire_previous();
    assert_eq!(secrets(&keys), ["SECRET-3"]);
}

#[test]
fn what_is_announced_is_read_at_once_and_stays_even_if_nothing_was_written_with_it() {
    let keys = KeyRing::new(credentials(1));
    keys.announce(credentials(2));
    assert_eq!(secrets(&keys), ["SECRET-1", "SECRET-2"]);
    assert!(!keys.writes_newest());
    keys.retire_previous();
    assert_eq!(secrets(&keys), ["SECRET-2"]);
    assert!(keys.writes_newest());
}

#[test]
fn nothing_secret_is_shown() {
    let keys = KeyRing::new(credentials(1));
    let sealed = envelope::seal(keys.current().key(), &[b"{}"]);
    let plaintext = envelope::open(keys.current().key(), sealed.as_bytes()).unwrap();
    let current = keys.current();
    assert_eq!(
        format!("{keys:?} {current:?} {:?} {plaintext:?}", current.key()),
        "KeyRing(1) Credentials EncryptKey(Aes128 { .. }) Plaintext([masked])"
    );
}
