//! Client and server of the second API communicate over loopback, in a workspace
//! with their generated crates.

#![cfg(test)]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use boxpoint_client::{CallbackSender, Client, Credentials, Environment, Error, KeyRing};
use boxpoint_server::types::{
    BookLockerRequest, BookLockerResponse, FindParcelsRequest, FindParcelsResponse,
    MayCourierEnterRequest, MayCourierEnterResponse, ParcelCollectedRequest, ParcelEntry, Size,
    State, Whereabouts,
};
use boxpoint_server::{
    BoxpointApi, Config, Context, NotStored, PartnerCallbacks, Refusal, Stored, boxpoint,
    callbacks, serve,
};
use http_body_util::BodyExt;
use skypay_runtime::envelope;
use tokio::net::TcpListener;

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
        if request.parcel_tag.as_ref() == "BX-000999" {
            Err("the door is jammed")?;
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

/// Path and plaintexts of all exchanges.
type Seen = Arc<Mutex<Vec<String>>>;

async fn recorded(seen: Seen, request: Request, next: Next) -> Response {
    seen.lock().unwrap().push(request.uri().path().to_owned());
    let (parts, body) = request.into_parts();
    let body = opened(&seen, body).await;
    let (parts, body) = next
        .run(Request::from_parts(parts, body))
        .await
        .into_parts();
    Response::from_parts(parts, opened(&seen, body).await)
}

/// Records the plaintext of a body, and returns the body.
async fn opened(seen: &Seen, body: Body) -> Body {
    let encrypted: Bytes = body.collect().await.unwrap().to_bytes();
    let plaintext = envelope::open(credentials().key(), &encrypted).unwrap();
    seen.lock().unwrap().push(plaintext.to_string());
    Body::from(encrypted)
}

/// Serves routes on a free port; returns the host with its port.
async fn host(routes: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, routes).into_future());
    address
}

#[tokio::test]
async fn another_api_talks_to_itself() {
    let seen = Seen::default();
    let recording = seen.clone();
    let routes = boxpoint::router(Provider, Config::new(keys())).layer(middleware::from_fn(
        move |request, next| recorded(recording.clone(), request, next),
    ));
    let url = format!("http://{}", host(routes).await);
    let client = Client::new(&Environment::Custom(url), "corner-shop", keys()).unwrap();

    let booked = client.book_locker(&booking(Size::Small)).await.unwrap();
    assert_eq!(booked.state, Some(State::Fine));
    let exchange = std::mem::take(&mut *seen.lock().unwrap());
    let [path, request, answer] = exchange.as_slice() else {
        panic!("one exchange: {exchange:?}");
    };
    assert_eq!(path, "/lockers/corner-shop");
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

    let find = FindParcelsRequest::builder().tags(["BX-000123"]);
    let found = client.find_parcels(&find.build().unwrap()).await.unwrap();
    let parcel = found.parcels.iter().next().unwrap().as_ref().unwrap();
    assert_eq!(parcel.whereabouts, Whereabouts::Shelved);

    let mut jammed = booking(Size::Small);
    jammed.parcel_tag = "BX-000999".into();
    let Err(Error::Unknown(unknown)) = client.book_locker(&jammed).await else {
        panic!("an error of the handler leaves the outcome unknown");
    };
    let found = client.ask_about(&unknown).await.unwrap().unwrap();
    let parcel = found.parcels.iter().next().unwrap().as_ref().unwrap();
    assert_eq!(parcel.parcel_tag.as_ref(), "BX-000999");

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
