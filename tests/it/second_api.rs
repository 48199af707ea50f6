//! The generator and the runtime are not specific to one API: client and server
//! generated from the unrelated API in `tests/second-api` communicate over
//! loopback; and neither crate contains a name or a code of `spec/skypay.yaml`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use boxpoint_client::{CallbackSender, Client, Credentials, Environment, Error, KeyRing};
use boxpoint_server::types::{
    BookLockerRequest, BookLockerResponse, FindParcelsRequest, FindParcelsResponse,
    MayCourierEnterRequest, MayCourierEnterResponse, ParcelCollectedRequest, ParcelEntry, Size,
    State, TagEntry, Whereabouts,
};
use boxpoint_server::{
    BoxpointApi, Config, Context, NotStored, PartnerCallbacks, Refusal, Stored, boxpoint, callbacks,
};
use heck::ToSnakeCase;

use test_support::document;
use test_support::loopback::{Wire, host, opened_with};

fn credentials() -> Credentials {
    Credentials::new("corner-shop", "open sesame", "between the two").unwrap()
}

fn keys() -> KeyRing {
    KeyRing::new(credentials())
}

/// BoxPoint, the provider: a shelf is free, a cold locker is not.
struct Provider;

impl BoxpointApi for Provider {
    async fn book_locker(
        &self,
        _: &Context,
        request: BookLockerRequest,
    ) -> Result<BookLockerResponse, Refusal> {
        if request.size == Size::Large {
            return Err(Refusal::new("E21", "No locker is free"));
        }
        Ok(BookLockerResponse::builder().build().unwrap())
    }

    async fn find_parcels(
        &self,
        _: &Context,
        request: FindParcelsRequest,
    ) -> Result<FindParcelsResponse, Refusal> {
        let parcels = request.tags.into_iter().map(|entry| {
            ParcelEntry::builder()
                .parcel_tag(entry.parcel_tag)
                .whereabouts(Whereabouts::Shelved)
                .build()
                .unwrap()
        });
        Ok(FindParcelsResponse::builder()
            .parcels(parcels)
            .build()
            .unwrap())
    }
}

/// A shop, and the parcels that were reported to it.
#[derive(Clone, Default)]
struct Shop(Arc<Mutex<Vec<String>>>);

impl PartnerCallbacks for Shop {
    async fn parcel_collected(
        &self,
        _: &Context,
        notification: ParcelCollectedRequest,
    ) -> Result<Stored, NotStored> {
        let tag = notification.parcel_tag.as_ref().to_owned();
        self.0.lock().unwrap().push(tag);
        Ok(Stored)
    }

    async fn may_courier_enter(
        &self,
        _: &Context,
        _: MayCourierEnterRequest,
    ) -> Result<MayCourierEnterResponse, Refusal> {
        Err(Refusal::partner::<MayCourierEnterRequest>(700, "We are closed").unwrap())
    }
}

fn booking(size: Size) -> BookLockerRequest {
    let request = BookLockerRequest::builder()
        .parcel_tag("BX-000123")
        .deposit("15.00")
        .recipient("Cruz,Ana");
    let request = match size {
        Size::Large => request.celsius(4),
        _ => request.shelf(7),
    };
    request.size(size).build().unwrap()
}

#[tokio::test]
async fn another_api_talks_to_itself() {
    let wire = Wire::default();
    let routes = boxpoint::router(Provider, Config::new(keys()));
    let url = format!("http://{}", host(wire.recording(routes)).await);
    let client = Client::new(&Environment::Custom(url), "corner-shop", keys()).unwrap();

    let booked = client.book_locker(&booking(Size::Small)).await.unwrap();
    assert_eq!(booked.state, Some(State::Fine));
    let exchange = wire.take().remove(0);
    assert_eq!(exchange.path, "/lockers/corner-shop");
    let request = opened_with(&credentials(), &exchange.sealed_request);
    let answer = opened_with(&credentials(), &exchange.sealed_answer);
    let head = r#"{"client":"corner-shop","command":"bookLocker","secret":"open sesame","#;
    assert!(request.starts_with(head), "{request}");
    assert!(answer.starts_with(r#"{"at":""#), "{answer}");
    assert!(
        answer.ends_with(r#","state":"OK","explanation":"Done"}"#),
        "{answer}"
    );

    let Err(Error::Rejected(refused)) = client.book_locker(&booking(Size::Large)).await else {
        panic!("no cold locker is free");
    };
    assert_eq!(refused.return_code, State::NoRoom);

    let tag = TagEntry::builder().parcel_tag("BX-000123").build().unwrap();
    let find = FindParcelsRequest::builder().tags([tag]).build().unwrap();
    let found = client.find_parcels(&find).await.unwrap();
    let parcel = found.parcels.iter().next().unwrap().as_ref().unwrap();
    assert_eq!(parcel.whereabouts, Whereabouts::Shelved);

    let pin = boxpoint_client::types::OpenDoorRequest::builder()
        .parcel_tag("BX-000123")
        .pin("4711")
        .build()
        .unwrap();
    let Err(Error::Rejected(refused)) = client.open_door(&pin).await else {
        panic!("there is no method for it");
    };
    assert_eq!(refused.return_code, State::Unavailable);
}

#[tokio::test]
async fn callbacks_of_another_api_arrive() {
    let shop = Shop::default();
    let routes = callbacks::router(shop.clone(), Config::new(keys()));
    let url = format!("http://{}", host(routes).await);
    let sender = CallbackSender::new(&url, keys()).unwrap();

    let collected = ParcelCollectedRequest::builder()
        .parcel_tag("BX-000123")
        .whereabouts(Whereabouts::Collected)
        .picked_up_at("2024-02-05 18:00:00")
        .build()
        .unwrap();
    sender.parcel_collected(&collected).await.unwrap();
    assert_eq!(*shop.0.lock().unwrap(), ["BX-000123"]);

    let courier = MayCourierEnterRequest::builder()
        .courier_badge("C-77")
        .build()
        .unwrap();
    let Err(Error::Rejected(refused)) = sender.may_courier_enter(&courier).await else {
        panic!("the shop is closed");
    };
    assert_eq!(refused.return_code.as_ref(), "700");
}

/// General terms that are also names in the document: the roles of the header
/// fields, states of money, and common API terms.
const GENERAL: &[&str] = &[
    "Cancelled",
    "Failed",
    "NotStored",
    "Other",
    "PHP",
    "Paid",
    "Pending",
    "action",
    "amount",
    "authentication",
    "location",
    "name",
    "notifications",
    "phone",
    "response_code",
    "response_description",
    "response_time",
    "result",
    "sender",
    "status",
    "user_name",
];

/// Returns the names of operations and fields, on the wire and in Rust, and the
/// codes other than small numbers.
fn facts() -> BTreeSet<String> {
    let api = document::api();
    let messages = api.operations.iter();
    let messages = messages.flat_map(|operation| [&operation.request, &operation.response]);
    let fields = messages
        .chain(&api.objects)
        .flat_map(codegen::model::Message::wire_fields)
        .map(|field| &field.wire);
    let operations = api.operations.iter().map(|operation| &operation.name);
    let names = fields.chain(operations);
    let names = names.flat_map(|name| [name.clone(), name.to_snake_case()]);
    let codes = api.code_tables.iter().flat_map(|table| &table.codes);
    let codes = codes.flat_map(|code| [code.value.clone(), code.variant.clone()]);
    names
        .chain(codes.filter(|code| code.len() >= 4 || code.parse::<i64>().is_err()))
        .filter(|fact| fact.len() > 2 && !GENERAL.contains(&fact.as_str()))
        .collect()
}

/// Collects the words of a source file, without its tests.
fn words(path: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            words(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs")
            && !path.ends_with("tests.rs")
        {
            let text = fs::read_to_string(&path).unwrap();
            let text = text.split("\n#[cfg(test)]\n").next().unwrap();
            let is_word = |letter: char| letter.is_alphanumeric() || "_-".contains(letter);
            for word in text.split(|letter| !is_word(letter)) {
                found.push((path.display().to_string(), word.to_owned()));
            }
        }
    }
}

#[test]
fn generator_and_runtime_hold_no_fact_of_the_api() {
    let root = xtask::root().unwrap();
    let facts = facts();
    assert!(facts.contains("payoutQueue") && facts.contains("control_number"));
    let mut all = Vec::new();
    for folder in ["codegen/src", "runtime/src"] {
        words(&root.join(folder), &mut all);
    }
    let found: BTreeSet<_> = all
        .into_iter()
        .filter(|(_, word)| facts.contains(word))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}
