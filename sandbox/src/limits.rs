//! How much is read at most of what comes from outside, in bytes. All that the
//! sandbox and the program `skypay` read is in here; SECURITY.md has the same
//! for all crates, with a test for each.

/// A request to the sandbox: a partner's, one to its own interface, or a form
/// of its page. Of a partner's request the generated half then takes 64 KiB.
pub const REQUEST: usize = 2 * 1024 * 1024;

/// A callback in the mailbox, and the answer to it.
pub const MAILBOX: usize = 64 * 1024;

/// A partner's answer to a callback of the sandbox, and an answer to
/// `skypay listen --forward` and `--forward-plaintext`.
pub const CALLBACK_ANSWER: usize = 64 * 1024;

/// A callback to `skypay listen`. The generated half then takes 64 KiB.
pub const CALLBACK: usize = 1024 * 1024;

/// A sandbox's answer to a client of its own interface, such as the state or
/// the log.
pub const ADMIN_ANSWER: usize = 256 * 1024 * 1024;

/// A line of the log as it is followed.
pub const LOG_LINE: usize = 16 * 1024 * 1024;

/// A file or standard input that the program reads, such as `--body`,
/// `--scenario` or `--credentials`.
pub const INPUT: usize = 16 * 1024 * 1024;

/// The file in which `skypay listen` keeps what it has received.
pub const HISTORY: usize = 256 * 1024 * 1024;

/// A file that a sandbox is restored from.
pub const RESTORED: u64 = 1024 * 1024 * 1024;
