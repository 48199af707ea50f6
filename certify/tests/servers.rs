//! Servers of the project pass: the README's, and one that stores what it receives.

use std::sync::Arc;
use std::time::Duration;

use skypay_certify::{Configuration, Credentials, Outcome, Selection, run};
use skypay_runtime::keys;
use skypay_server::types::PayoutQueuePayoutRequest;
use skypay_server::{Config, Context, NotStored, PartnerCallbacks, Stored, callbacks, serve};

fn credentials() -> keys::Credentials {
    keys::Credentials::new("App@skypay", "authentication", "encrypt key").unwrap()
}

/// The partner of the README, who writes one callback.
struct Partner;

impl PartnerCallbacks for Partner {
    async fn payout_queue_payout(
        &self,
        _: &Context,
        _: PayoutQueuePayoutRequest,
    ) -> Result<Stored, NotStored> {
        Ok(Stored)
    }
}

#[tokio::test]
async fn the_readmes_server_fails_no_check() {
    let config = Config::new(credentials()).body_time(Duration::from_millis(300));
    let routes = callbacks::router(Partner, config);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { serve(listener, routes).await });
    let text = format!(
        "url = '{url}/'\nallow-list = true\n[limits]\nanswer = 60\nburst = 60\nlarge = 60\nslow = 5\npause = 0.05\n\
         [urls]\npayoutQueuePayout = '{url}/payoutQueuePayout'\n"
    );
    let configuration = Configuration::from_toml(&text).unwrap();
    let credentials = Credentials {
        current: Arc::new(credentials()),
        other: None,
        retired: None,
    };
    let selection = Selection {
        callbacks: vec!["payoutQueuePayout".to_owned()],
        ..Selection::default()
    };
    let report = run(&configuration, &credentials, &selection, &())
        .await
        .unwrap();
    let failed = report
        .checks
        .iter()
        .filter(|check| matches!(check.outcome, Outcome::Failed | Outcome::Warning));
    let failed: Vec<_> = failed.map(|check| (&check.id, &check.reasons)).collect();
    assert!(failed.is_empty(), "{failed:?}");
    assert!(report.counts.passed >= 29, "{:?}", report.counts);
    // Nothing counts its effects here, so nothing is said of them.
    for check in report
        .checks
        .iter()
        .filter(|check| check.id.starts_with('B'))
    {
        assert_eq!(check.outcome, Outcome::NotEvaluable, "{}", check.id);
        assert!(!check.reasons[0].is_empty(), "{}", check.id);
    }
}
