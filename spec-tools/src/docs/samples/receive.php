// A server for callbacks: `php -S 127.0.0.1:8080 callbacks.php`, or PHP-FPM.
$callbacks = [];

function receive(array $callbacks, string $body): string {
    $request = json_decode(decrypt($body), true, flags: JSON_THROW_ON_ERROR);
    $sender = [
        '{{userName}}' => getenv('{{ENV}}_USER_NAME'),
        '{{authentication}}' => getenv('{{ENV}}_AUTHENTICATION'),
    ];
    foreach ($sender as $field => $expected) {
        if (!hash_equals($expected, $request[$field] ?? '')) {
            throw new RuntimeException('The credentials are wrong.');
        }
    }
    $answer = $callbacks[$request['{{action}}']] ?? throw new RuntimeException('Unknown action.');
    $response = $answer($request);
    $response['{{time}}'] = gmdate('Y-m-d H:i:s', time() + {{offset}}) . '.0000';
    return encrypt(json_encode($response, JSON_THROW_ON_ERROR));
}

function serve(array $callbacks): void {
    try {
        if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
            throw new RuntimeException('A callback is a POST.');
        }
        $body = receive($callbacks, file_get_contents('php://input', length: 65536));
        header('Content-Type: {{contentType}}');
        echo $body;
    } catch (Throwable $error) {
        // The same response for all errors says nothing to a forger.
        error_log('refused: ' . get_class($error));
        http_response_code(500);
    }
}
