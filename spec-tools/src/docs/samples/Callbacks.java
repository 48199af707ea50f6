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
        String answer(String request) throws Exception;
    }

    static final Map<String, Callback> ALL = new HashMap<>();

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSSS");

    // A text of a JSON object. Java has no parser for JSON: use a library for more.
    static String text(String json, String name) {
        var member = Pattern.compile("\"" + name + "\"\\s*:\\s*\"([^\"\\\\]*)\"").matcher(json);
        return member.find() ? member.group(1) : "";
    }

    static String receive(String body) throws Exception {
        String request = Api.decrypt(body);
        check(text(request, "{{userName}}"), System.getenv("{{ENV}}_USER_NAME"));
        check(text(request, "{{authentication}}"), System.getenv("{{ENV}}_AUTHENTICATION"));
        String fields = ALL.get(text(request, "{{action}}")).answer(request);
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
