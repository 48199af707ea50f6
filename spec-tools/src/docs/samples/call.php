<?php // PHP 8 with its extension openssl.
function encryption_key(): string {
    return substr(sha1(sha1(getenv('{{ENV}}_ENCRYPT_KEY'), true), true), 0, 16);
}

function encrypt(string $text): string {
    return openssl_encrypt($text, 'aes-128-ecb', encryption_key());
}

function decrypt(string $body): string {
    $text = openssl_decrypt(preg_replace('/\s/', '', $body), 'aes-128-ecb', encryption_key());
    return $text !== false ? $text : throw new RuntimeException('The body cannot be decrypted.');
}

function call(string $action, array $fields = []): array {
    $message = [
        '{{userName}}' => getenv('{{ENV}}_USER_NAME'),
        '{{authentication}}' => getenv('{{ENV}}_AUTHENTICATION'),
        '{{action}}' => $action,
    ] + $fields;
    $context = stream_context_create(['http' => [
        'method' => 'POST',
        'header' => 'Content-Type: {{contentType}}',
        'content' => encrypt(json_encode($message, JSON_THROW_ON_ERROR)),
        'timeout' => 30,
    ]]);
    $body = file_get_contents(getenv('{{ENV}}_URL'), false, $context);
    if ($body === false) {
        throw new RuntimeException('No response: it may have been carried out.');
    }
    return json_decode(decrypt($body), true, flags: JSON_THROW_ON_ERROR);
}
