package io.quorate.environment;

/**
 * An address as configured: a host name or a literal IP address, and a port. Names are resolved
 * when a connection is made, so that a node may come back under another address.
 */
public record Endpoint(String host, int port) implements Comparable<Endpoint> {

  public Endpoint {
    if (host.isEmpty()) {
      throw new IllegalArgumentException("an endpoint needs a host");
    }
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException("port " + port + " is outside 0..65535");
    }
  }

  /** Parses {@code host:port}, or {@code host} with a default port; IPv6 literals in brackets. */
  public static Endpoint parse(String text, int defaultPort) {
    String trimmed = text.trim();
    int close = trimmed.startsWith("[") ? trimmed.indexOf(']') : -1;
    if (close > 0) {
      String rest = trimmed.substring(close + 1);
      int port = rest.startsWith(":") ? parsePort(text, rest.substring(1)) : defaultPort;
      return new Endpoint(trimmed.substring(1, close), port);
    }
    int colon = trimmed.indexOf(':');
    if (colon < 0 || colon != trimmed.lastIndexOf(':')) {
      return new Endpoint(trimmed, defaultPort);
    }
    return new Endpoint(trimmed.substring(0, colon), parsePort(text, trimmed.substring(colon + 1)));
  }

  private static int parsePort(String text, String port) {
    try {
      return Integer.parseInt(port);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("'" + text + "' is not host:port", e);
    }
  }

  @Override
  public int compareTo(Endpoint other) {
    int byHost = host.compareTo(other.host);
    return byHost != 0 ? byHost : Integer.compare(port, other.port);
  }

  @Override
  public String toString() {
    return host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
  }
}
