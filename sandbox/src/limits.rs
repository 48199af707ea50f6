//! Size limits for external input, in bytes. They cover all that the sandbox and the
//! program `skypay` read; SECURITY.md lists the limits of all crates, with a test for
//! each.

/// A request to the sandbox: from a partner, to the admin interface, or from a form of
/// its page. The message of a partner is limited further.
pub const REQUEST: usize = 2 * 1024 * 1024;

/// A partner's message, encrypted or in plaintext.
pub const MESSAGE: usize = 64 * 1024;

/// A callback in the mailbox, and its response.
pub const MAILBOX: usize = 64 * 1024;

/// A partner's response to a callback of the sandbox, and a response to `skypay listen
/// --forward` and `--forward-plaintext`.
pub const CALLBACK_ANSWER: usize = 64 * 1024;

/// A callback to `skypay listen`. The generated code then limits it to 64 KiB.
pub const CALLBACK: usize = 1024 * 1024;

/// A response of the admin interface, such as the state or the log.
pub const ADMIN_ANSWER: usize = 256 * 1024 * 1024;

/// A line of the log when it is followed.
pub const LOG_LINE: usize = 16 * 1024 * 1024;

/// A file or standard input that the program reads, such as `--body`,
/// `--scenario` or `--credentials`.
pub const INPUT: usize = 16 * 1024 * 1024;

/// The file in which `skypay listen` keeps received callbacks.
pub const HISTORY: usize = 256 * 1024 * 1024;

/// A file that a sandbox is restored from.
pub const RESTORED: u64 = 1024 * 1024 * 1024;
