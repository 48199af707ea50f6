//! What the tests of a partner's program use of a running sandbox.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use skypay_client::{Client, Clock, KeyRing};
use skypay_types::DateTime;
use tokio::net::TcpListener;

use crate::admin_client::Advanced;
use crate::engine::{CallbackUrls, Command, Duration};
use crate::simulator::Simulator;
use crate::{Running, StartError};

impl Running {
    /// Returns a client of the sandbox, whose clock is that of the sandbox. All clones
    /// share its keys and connections.
    ///
    /// ```
    /// use skypay_client::types::{PayoutChannel, PayoutQueueRequest};
    /// use skypay_sandbox::Sandbox;
    /// use skypay_sandbox::clock::Clock;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sandbox = Sandbox::builder().clock(Clock::frozen()).start().await?;
    /// let payout = PayoutQueueRequest::builder()
    ///     .sender("Example App")
    ///     .control_number("SKY9800000101")
    ///     .name("Dela Cruz,Juan,Santos")
    ///     .phone("09123456789")
    ///     .amount("3900.00")
    ///     .account_no("09123456789")
    ///     .withdraw_channel(PayoutChannel::GCash)
    ///     .build()?;
    /// sandbox.client().payout_queue(&payout).await?;
    /// sandbox.until_quiet().await?;
    /// sandbox.assert_paid_once(["SKY9800000101"]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Returns the credentials that were in use when the sandbox started, as the key
    /// ring of [`Self::client`]: keys that are announced to it are the client's, too.
    #[must_use]
    pub fn credentials(&self) -> KeyRing {
        self.client.keys().clone()
    }

    /// Returns the clock.
    #[must_use]
    pub fn clock(&self) -> RunningClock {
        RunningClock(self.simulator.clone())
    }

    /// Serves a partner's callbacks on a free port of the loopback interface, and
    /// registers the URL for all callbacks. Returns the URL. They are served until the
    /// runtime ends, so that a sandbox that is started again reaches them.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no free port, or the sandbox has stopped.
    pub async fn partner(&self, callbacks: Router) -> Result<String, StartError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listen = |error| StartError::Listen(address, error);
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let url = format!("http://{}", listener.local_addr().map_err(listen)?);
        tokio::spawn(skypay_server::serve(listener, callbacks).into_future());
        let urls = CallbackUrls::shared(url.clone());
        self.simulator.execute(Command::Callbacks(urls)).await?;
        Ok(url)
    }

    /// Waits until nothing more happens by itself: every payout has reached its last
    /// state or waits for an institution, and every callback was sent as often as it
    /// is. A virtual clock is moved from event to event; with the real one, this takes
    /// as long as the events do. The expiry of keys is not waited for.
    ///
    /// # Errors
    ///
    /// Returns an error if the database failed, or the sandbox has stopped.
    pub async fn until_quiet(&self) -> Result<Advanced, StartError> {
        Ok(self.simulator.until_quiet().await?)
    }

    /// Returns how often each control number was paid, reversed payments included.
    #[must_use]
    pub fn payments(&self) -> BTreeMap<String, u64> {
        let payments = self.simulator.state().payments(1, 0, usize::MAX);
        let payments = payments.into_iter();
        payments.map(|paid| (paid.number, paid.payments)).collect()
    }

    /// Asserts that each of these control numbers was paid exactly once, and no other
    /// one at all.
    ///
    /// # Panics
    ///
    /// If that is not so; the message lists the control numbers.
    #[track_caller]
    pub fn assert_paid_once<N: AsRef<str>>(&self, numbers: impl IntoIterator<Item = N>) {
        let numbers = numbers.into_iter();
        let expected: BTreeSet<_> = numbers.map(|number| number.as_ref().to_owned()).collect();
        let payments = self.payments();
        let again: Vec<_> = payments.iter().filter(|(_, count)| **count > 1).collect();
        let paid: BTreeSet<_> = payments.keys().cloned().collect();
        let missing: Vec<_> = expected.difference(&paid).collect();
        let others: Vec<_> = paid.difference(&expected).collect();
        assert!(
            again.is_empty() && missing.is_empty() && others.is_empty(),
            "paid more than once: {again:?}; not paid: {missing:?}; paid, but not expected: {others:?}"
        );
    }
}

/// The clock of a running sandbox. Clones share it. As a [`Clock`] it can be that of the
/// program under test.
#[derive(Clone, Debug)]
pub struct RunningClock(pub(crate) Simulator);

impl RunningClock {
    /// Returns the current time.
    #[must_use]
    pub fn now(&self) -> DateTime {
        self.0.now()
    }

    /// Advances a virtual clock. Returns when everything that was due on the way has
    /// been executed, including callbacks.
    ///
    /// # Errors
    ///
    /// Returns an error if the clock is the real one, the database failed, or the
    /// sandbox has stopped.
    pub async fn advance(&self, by: Duration) -> Result<Advanced, StartError> {
        Ok(self.0.advance(by).await?)
    }
}

impl From<RunningClock> for Clock {
    fn from(clock: RunningClock) -> Self {
        Self::new(move || clock.now().to_system_time())
    }
}
