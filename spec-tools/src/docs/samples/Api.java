// Java 17 without a library: fields and responses are JSON text.
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;

final class Api {
    static String encrypt(String text) throws GeneralSecurityException {
        byte[] sealed = cipher(Cipher.ENCRYPT_MODE).doFinal(text.getBytes(UTF_8));
        return Base64.getEncoder().encodeToString(sealed);
    }

    static String decrypt(String body) throws GeneralSecurityException {
        byte[] sealed = Base64.getMimeDecoder().decode(body);
        return new String(cipher(Cipher.DECRYPT_MODE).doFinal(sealed), UTF_8);
    }

    private static Cipher cipher(int mode) throws GeneralSecurityException {
        MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
        byte[] hash = sha1.digest(sha1.digest(System.getenv("{{ENV}}_ENCRYPT_KEY").getBytes(UTF_8)));
        Cipher cipher = Cipher.getInstance("AES/ECB/PKCS5Padding");
        cipher.init(mode, new SecretKeySpec(Arrays.copyOf(hash, 16), "AES"));
        return cipher;
    }

    static String call(String action, String fields)
            throws GeneralSecurityException, IOException, InterruptedException {
        String message = """
            {"{{userName}}": "%s", "{{authentication}}": "%s", "{{action}}": "%s"%s}"""
            .formatted(System.getenv("{{ENV}}_USER_NAME"), System.getenv("{{ENV}}_AUTHENTICATION"),
                action, fields.isBlank() ? "" : ", " + fields);
        HttpRequest request = HttpRequest.newBuilder(URI.create(System.getenv("{{ENV}}_URL")))
            .header("Content-Type", "{{contentType}}")
            .timeout(Duration.ofSeconds(30))
            .POST(HttpRequest.BodyPublishers.ofString(encrypt(message)))
            .build();
        var response = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
        if (response.statusCode() != 200) {
            throw new IOException("HTTP " + response.statusCode() + ": it may have been carried out.");
        }
        return decrypt(response.body());
    }
}
