package io.quorate.tools;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Asks a node's admin interface. One request, one connection: a command asks once and ends. The
 * JDK's older HTTP client is taken on purpose, for it costs a short command 100 ms less to start.
 */
public final class AdminClient {
  private static final int CONNECT_MILLIS = 3_000;

  private final String host;
  private final int port;
  private final int readMillis;

  /**
   * @param readMillis how long an answer may take; a compaction of much data takes long
   */
  public AdminClient(String host, int port, int readMillis) {
    this.host = host;
    this.port = port;
    this.readMillis = readMillis;
  }

  /** What a node answered. */
  public record Answer(int status, String body) {
    public boolean isOk() {
      return status == 200;
    }
  }

  /** The body of the answer to {@code GET path}. */
  public String get(String path, Map<String, String> parameters) {
    return ok(ask("GET", path, parameters));
  }

  public Json json(String path) {
    return json(path, Map.of());
  }

  public Json json(String path, Map<String, String> parameters) {
    return parsed(get(path, parameters));
  }

  /** Does what {@code POST path} stands for, and returns what the node said. */
  public String post(String path, Map<String, String> parameters) {
    return ok(ask("POST", path, parameters));
  }

  /** Parses what this node answered. */
  public Json parsed(String body) {
    try {
      return Json.parse(body);
    } catch (IOException e) {
      throw new CommandFailed(host + ":" + port + " answered something that is not JSON", e);
    }
  }

  private String ok(Answer answer) {
    if (!answer.isOk()) {
      String reason = answer.body().lines().findFirst().orElse("HTTP status " + answer.status());
      throw new CommandFailed(host + ":" + port + ": " + reason);
    }
    return answer.body();
  }

  /**
   * Asks, and returns whatever status the node gives.
   *
   * @throws CommandFailed when no answer comes
   */
  public Answer ask(String method, String path, Map<String, String> parameters) {
    try {
      return askOnce(method, path, parameters);
    } catch (ConnectException | UnknownHostException e) {
      throw new CommandFailed(
          "no node answers at " + host + ":" + port + " (" + reason(e) + ")", e);
    } catch (SocketTimeoutException e) {
      throw new CommandFailed("the node at " + host + ":" + port + " did not answer in time", e);
    } catch (IOException e) {
      throw new CommandFailed(
          "the node at " + host + ":" + port + " did not answer: " + reason(e), e);
    }
  }

  private static String reason(IOException e) {
    return e instanceof UnknownHostException ? "unknown host" : String.valueOf(e.getMessage());
  }

  private Answer askOnce(String method, String path, Map<String, String> parameters)
      throws IOException {
    StringBuilder query = new StringBuilder();
    parameters.forEach((name, value) ->
        query
            .append(query.isEmpty() ? '?' : '&')
            .append(name)
            .append('=')
            .append(URLEncoder.encode(value, StandardCharsets.UTF_8)));
    String authority = host.indexOf(':') >= 0 ? "[" + host + "]" : host;
    HttpURLConnection connection =
        (HttpURLConnection)
            URI.create("http://" + authority + ":" + port + path + query).toURL().openConnection();
    connection.setRequestMethod(method);
    connection.setConnectTimeout(CONNECT_MILLIS);
    connection.setReadTimeout(readMillis);
    connection.setRequestProperty("Connection", "close");
    int status = connection.getResponseCode();
    try (InputStream body =
        status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
      return new Answer(
          status, body == null ? "" : new String(body.readAllBytes(), StandardCharsets.UTF_8));
    }
  }
}
