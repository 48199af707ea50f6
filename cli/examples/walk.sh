#!/usr/bin/env bash
# A partner who has nothing but curl and openssl, on a walk through SkyPay: a
# payout that is paid, one that fails, one that is cancelled and one whose
# cancellation is refused, a bill that is collected, a barcode, and a report.
# Every message is sealed, in both directions; callbacks come by the mailbox.
#
#   bash cli/examples/walk.sh
#
# SKYPAY names the program if it is built already. Ends with 0 if everything
# went as it should, and says otherwise what was expected and what came.
set -euo pipefail
cd "$(dirname "$0")/../.."

for needed in curl openssl; do
  command -v "$needed" >/dev/null || { echo "This walk needs $needed." >&2; exit 2; }
done

# ---- SkyPay's side: the sandbox, its clock, its counter ---------------------

if [ -n "${SKYPAY:-}" ]; then
  skypay=("$SKYPAY")
else
  cargo build --quiet --package skypay-cli --bin skypay
  skypay=(cargo run --quiet --package skypay-cli --)
fi

work=$(mktemp -d)
sandbox=
end() {
  [ -z "$sandbox" ] || kill "$sandbox" 2>/dev/null || true
  rm -rf "$work"
}
trap end EXIT

# It prints one line of JSON when it is up, and nothing after that.
mkfifo "$work/up"
"${skypay[@]}" sandbox up --memory --clock virtual --port 0 --json >"$work/up" &
sandbox=$!
read -r up <"$work/up" || { echo "The sandbox does not start." >&2; exit 1; }

# The first text, or number, of that name in JSON on one line.
field() { grep -o "\"$1\": *\"\{0,1\}[^\",}]*" <<<"$2" | head -n 1 | sed 's/^"[^"]*": *"\{0,1\}//'; }

SKYPAY_SANDBOX=$(field url "$up")
export SKYPAY_SANDBOX
url=$(field service_url "$up")
user_name=$(field user_name "$up")
authentication=$(field authentication "$up")
encrypt_key=$(field encrypt_key "$up")
mailbox=$SKYPAY_SANDBOX/_sandbox/mailbox

"${skypay[@]}" callbacks set "$mailbox" >/dev/null

# Does something on SkyPay's side that makes it call back. It goes on only when
# the partner has answered, so `arrived` says when it is done.
let_skypay() { "${skypay[@]}" "$@" >"$work/skypay.out" 2>&1 & doing=$!; }
arrived() { wait "$doing" || failed "SkyPay's side: $(cat "$work/skypay.out")"; }

# ---- the partner's side: curl and openssl ----------------------------------

# The first 16 bytes of SHA-1(SHA-1(encrypt key)).
key=$(printf %s "$encrypt_key" | openssl sha1 -binary | openssl sha1 -binary |
  head -c 16 | od -An -tx1 | tr -d ' \n')

# Other users of a machine can read -K in its list of processes. This key is a
# sandbox's, and gone with it.
seal() { openssl enc -aes-128-ecb -K "$key" -base64 -A; }
open() { openssl enc -d -aes-128-ecb -K "$key" -base64 -A; }

# call OPERATION FIELDS: seals a request, sends it, opens the answer.
call() {
  say "->" "$1" "$2"
  answer=$(printf '{"userName":"%s","authentication":"%s","action":"%s",%s}' \
      "$user_name" "$authentication" "$1" "$2" | seal |
    curl -sS -H 'Content-Type: text/plain' --data-binary @- "$url" | open)
  say "<-" "" "$answer"
}

# callback NAME FIELDS: takes the next callback, opens and answers it.
callback() {
  curl -sS -D "$work/head" -o "$work/sealed" "$mailbox/next"
  id=$(tr -d '\r' <"$work/head" | sed -n 's/^[Cc]allback-[Ii]d: //p')
  [ -n "$id" ] || failed "the callback $1 does not come"
  callback=$(open <"$work/sealed")
  say "<=" "" "$(sed 's/"authentication": *"[^"]*"/"authentication":"…"/' <<<"$callback")"
  expect "$1" "$(field action "$callback")"
  expect "$authentication" "$(field authentication "$callback")"
  reply="\"responseTime\":\"$(TZ=UTC-8 date '+%Y-%m-%d %H:%M:%S.0000')\",\"responseCode\":\"1000\""
  reply="$reply,\"responseDescription\":\"Success\"${2:+,$2}"
  say "=>" "" "{$reply}"
  printf '{%s}' "$reply" | seal | curl -sS --data-binary @- "$mailbox/$id"
}

nothing_waits() {
  expect 204 "$(curl -sS -o /dev/null -w '%{http_code}' "$mailbox/next?wait=0")"
}

# status NUMBER WORD: the document's way to ask what became of a payout.
status() {
  call payoutQueryStatus "\"controlNumbers\":[{\"controlNumber\":\"$1\"}]"
  expect "$2" "$(field statusDesc "$answer")"
}

# ---- what is said ----------------------------------------------------------

step=0
begin() { step=$((step + 1)); printf '\n%s. %s\n' "$step" "$1"; }
say() {
  printf '%s %s\n' "$1" "${2:+$2 }$3" | sed 's/,"/, "/g; s/":/": /g' |
    fold -s -w 74 | sed '1s/^/   /; 2,$s/^/      /; s/ *$//'
}
failed() { printf '\nStep %s: %s\n' "$step" "$1" >&2; exit 1; }
expect() { [ "$1" = "$2" ] || failed "expected $1, got ${2:-nothing}"; }
accepted() { expect 1000 "$(field responseCode "$answer")"; }

payee='"name":"Dela Cruz,Juan,Santos","phone":"09123456789"'

# bank NUMBER AMOUNT ACCOUNT, store NUMBER AMOUNT: orders of a payout.
bank() {
  call payoutQueue "\"sender\":\"Example App\",\"controlNumber\":\"$1\",\"amount\":\"$2\",$payee,\"bankNo\":\"SEC\",\"accountNo\":\"$3\",\"withdrawChannel\":\"5\",\"provinceId\":\"47\",\"cityId\":\"996\""
  accepted
}
store() {
  call payoutQueueV2 "\"sender\":\"Example App\",\"controlNumber\":\"$1\",\"amount\":\"$2\",$payee,\"birthday\":\"1991-10-02\",\"identificationId\":\"123456789011\",\"identificationTypeId\":\"1\",\"idcardPicType\":\"png\",\"idcardPicUrl\":\"https://partner.example.com/pictures/201.png\",\"location\":\"1 Example Street, Malate, Manila\",\"withdrawChannel\":\"1\""
  accepted
}

echo "   -> to SkyPay, <- its answer; <= its callback, => ours. All of it sealed."

# ---- the walk --------------------------------------------------------------

begin "A payout to a bank is paid"
bank SKY9800000101 1000.00 0000012309738
let_skypay clock advance 300s
# Notices may overtake each other: the result comes before Uploaded here.
callback payoutQueuePayout
expect 2 "$(field payType "$callback")"
callback payoutQueuePayout
expect 1 "$(field payType "$callback")"
arrived
status SKY9800000101 Completed

begin "A payout to a bank fails (its centavos ask for it)"
bank SKY9800000102 1000.01 0000012309739
let_skypay clock advance 300s
callback payoutQueuePayout
expect 4 "$(field payType "$callback")"
callback payoutQueuePayout
arrived
status SKY9800000102 Failed

begin "A payout at a store is cancelled"
store SKY9800000201 3900.00
let_skypay clock advance 300s
callback payoutQueuePayout
arrived
call cancelPayout '"controlNumbers":[{"controlNumber":"SKY9800000201"}]'
accepted
let_skypay clock advance 1d
callback payoutQueuePayout
expect 3 "$(field payType "$callback")"
arrived
status SKY9800000201 Canceled
# Only a time of cancellation makes it final.
[ -n "$(field cancelTime "$answer")" ] || failed "it has no cancelTime"

begin "A payout at a store is not cancelled: the store refuses"
store SKY9800000202 3900.11
let_skypay clock advance 300s
callback payoutQueuePayout
arrived
call cancelPayout '"controlNumbers":[{"controlNumber":"SKY9800000202"}]'
accepted
"${skypay[@]}" clock advance 1d >/dev/null
# No callback says so: a partner that does not ask takes it for cancelled.
nothing_waits
status SKY9800000202 Uploaded

begin "A bill is collected at a store"
let_skypay cashier ask-collection --channel 1 --amount 3900.00 --phone 09123456789 SKY9800000301
callback collectionInquiry '"amount":"3900.00","payerName":"Dela Cruz,Juan,Santos","payerAddress":"1 Example Street, Malate, Manila","payerPhone":"09123456789"'
arrived
let_skypay cashier collect --channel 1 SKY9800000301
callback collectionCollect
expect SKY9800000301 "$(field contractNumber "$callback")"
arrived

begin "A barcode for 7-Eleven"
call generate711Barcode "\"contractNumber\":\"SKY9800000302\",\"amount\":\"3900.00\",$payee"
accepted
reference=$(field referenceNumber "$answer")
picture=$(curl -sS "$SKYPAY_SANDBOX/transactions/barcode/$reference/picture")
expect '<svg' "${picture:0:4}"
say "  " "" "$reference, and its picture has ${#picture} characters of SVG"

begin "A report on what was paid"
call getReportPayout '"startDate":"2026-01-05","endDate":"2026-01-06","dateType":"PayTime","pagination":1,"pageSize":100'
expect 1 "$(field totalTransaction "$answer")"
expect SKY9800000101 "$(field controlNo "$answer")"

nothing_waits
printf '\nAll %s steps went as they should.\n' "$step"
