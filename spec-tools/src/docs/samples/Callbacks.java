// A server for callbacks. Put a proxy that ends TLS in front of it.
import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.MessageDigest;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.regex.Pattern;

final class Callbacks {
    interface Callback {
        String answer(Map<String, String> request) throws Exception;
    }

    static final Map<String, Callback> ALL = new HashMap<>();

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSSS");

    private static final Pattern MEMBER = Pattern.compile(
        "[{,]\\s*\"(\\w+)\\s*\"\\s*:\\s*"
            + "(?:\"((?:[^\"\\\\\\p{Cntrl}\\uFFFD]++|\\\\.)*+)\"|([\\w.+-]+|\\[[^\\[\\]]*]|\\{[^{}]*}))\\s*");

    // The fields of a JSON object, with escapes, lists and objects in them as they are
    // written. Java has no parser for JSON: better use a library.
    static Map<String, String> fields(String json) {
        Map<String, String> fields = new HashMap<>();
        String text = json.strip();
        var member = MEMBER.matcher(text);
        int end = 0;
        while (member.region(end, text.length()).lookingAt()) {
            String value = member.group(2) != null ? member.group(2) : member.group(3);
            if (fields.put(member.group(1), value) != null) {
                throw new IllegalArgumentException("A field occurs twice.");
            }
            end = member.end();
        }
        if (!text.substring(end).equals("}")) {
            throw new IllegalArgumentException("This is no such object.");
        }
        return fields;
    }

    static String receive(String body) throws Exception {
        Map<String, String> request = fields(Api.decrypt(body));
        check(request.get("{{userName}}"), System.getenv("{{ENV}}_USER_NAME"));
        check(request.get("{{authentication}}"), System.getenv("{{ENV}}_AUTHENTICATION"));
        String fields = ALL.get(request.get("{{action}}")).answer(request);
        String now = OffsetDateTime.now(ZoneOffset.ofTotalSeconds({{offset}})).format(TIME);
        return Api.encrypt("{\"{{time}}\": \"" + now + "\", " + fields + "}");
    }

    private static void check(String given, String expected) {
        if (!MessageDigest.isEqual(given.getBytes(UTF_8), expected.getBytes(UTF_8))) {
            throw new SecurityException("The credentials are wrong.");
        }
    }

    static void serve(int port) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.createContext("/", Callbacks::handle);
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
    }

    private static void handle(HttpExchange exchange) throws IOException {
        byte[] body = {};
        int status = 500;
        try {
            if (!exchange.getRequestMethod().equals("POST")) {
                throw new IllegalArgumentException("A callback is a POST.");
            }
            body = receive(new String(exchange.getRequestBody().readNBytes(65536), UTF_8)).getBytes(UTF_8);
            status = 200;
        } catch (Exception error) {
            // The same response for all errors says nothing to a forger.
            System.err.println("refused: " + error.getClass().getSimpleName());
        }
        exchange.getResponseHeaders().set("Content-Type", "{{contentType}}");
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }
}
