<?php

// A partner's callback server that books what it receives in SQLite, once:
//
//   php -S 127.0.0.1:8080 receiver.php
//
// It finds its credentials in SKYPAY_USER_NAME, SKYPAY_AUTHENTICATION and
// SKYPAY_ENCRYPT_KEY, and its database, which has the tables of schema.sql, in
// DATABASE.

declare(strict_types=1);

// The fields that identify what a callback changes.
const EFFECT_KEYS = [
    'payoutPayout' => ['controlNumber'],
    'payoutQueuePayout' => ['controlNumber', 'payType'],
    'collectionCollect' => ['contractNumber', 'receiptNumber', 'payChannel'],
    'financeNotification' => ['referenceNumber', 'accountNo'],
];

const PREFIX = 'SKY98';

const SUCCESS = ['responseCode' => '1000', 'responseDescription' => 'Success'];
const FOREIGN_PREFIX = ['responseCode' => '-1014', 'responseDescription' => 'Prefix is incorrect'];
const ALREADY_PAID = ['responseCode' => '-1026', 'responseDescription' => 'Already paid'];
const NO_PAYOUT = ['responseCode' => '-1012', 'responseDescription' => 'Control number invalid'];
const NO_CONTRACT = ['responseCode' => '-1015', 'responseDescription' => 'Contract number invalid'];
const UNKNOWN = [
    'payoutInquiry' => NO_PAYOUT,
    'payoutPayout' => NO_PAYOUT,
    'collectionInquiry' => NO_CONTRACT,
    'collectionCollect' => NO_CONTRACT,
];

// All refusals look alike, so that nothing can be learned from them.
function refuse(int $status = 400): never
{
    http_response_code($status);
    exit;
}

function isAuthentic(array $message): bool
{
    foreach (['userName' => 'SKYPAY_USER_NAME', 'authentication' => 'SKYPAY_AUTHENTICATION'] as $field => $variable) {
        if (!is_string($message[$field] ?? null) || !hash_equals(getenv($variable), $message[$field])) {
            return false;
        }
    }
    return true;
}

function keyOf(string $action, array $message): string
{
    $values = array_map(fn (string $name) => $message[$name] ?? refuse(), EFFECT_KEYS[$action]);
    return $action . ' ' . implode(':', $values);
}

// Answers a callback; what it changes is committed before it is answered.
function reply(PDO $database, string $action, array $message): array
{
    $first = function (string $sql, string $value) use ($database): mixed {
        $statement = $database->prepare($sql);
        $statement->execute([$value]);
        return $statement->fetchColumn();
    };
    if (isset(UNKNOWN[$action])) {
        $number = (string) ($message['controlNumber'] ?? $message['contractNumber'] ?? '');
        if (str_starts_with($action, 'payout') && !str_starts_with($number, PREFIX)) {
            return FOREIGN_PREFIX;
        }
        $details = $first('SELECT details FROM transactions WHERE number = ?', $number);
        if ($details === false) {
            return UNKNOWN[$action];
        }
        if (str_ends_with($action, 'Inquiry')) {
            $paid = $first('SELECT 1 FROM booked WHERE key = ?', "payoutPayout $number");
            return $paid ? ALREADY_PAID : SUCCESS + json_decode($details, true);
        }
    } elseif (!isset(EFFECT_KEYS[$action])) {
        refuse();
    }
    $database->prepare('INSERT INTO booked VALUES (?, ?) ON CONFLICT DO NOTHING')
        ->execute([keyOf($action, $message), json_encode($message)]);
    return SUCCESS;
}

if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
    refuse(405);
}
$body = file_get_contents('php://input', length: 65537);
if (strlen($body) > 65536) {
    refuse(413);
}
$key = substr(sha1(sha1(getenv('SKYPAY_ENCRYPT_KEY'), true), true), 0, 16);
$message = json_decode(openssl_decrypt($body, 'aes-128-ecb', $key) ?: '', true);
if (!is_array($message) || !isAuthentic($message)) {
    refuse();
}
$action = $message['action'] ?? basename($_SERVER['SCRIPT_NAME']);
$database = new PDO('sqlite:' . getenv('DATABASE'), options: [PDO::ATTR_TIMEOUT => 10]);
$reply = reply($database, (string) $action, $message);
$now = new DateTimeImmutable('now', new DateTimeZone('Asia/Manila'));
$reply['responseTime'] = $now->format('Y-m-d H:i:s.v0');
header('Content-Type: text/plain');
echo openssl_encrypt(json_encode($reply, JSON_UNESCAPED_UNICODE), 'aes-128-ecb', $key);
