package io.quorate.tools;

import io.quorate.environment.Endpoint;
import java.net.InetSocketAddress;

/** Addresses as users type them. */
public final class HostPort {
  private HostPort() {}

  /** {@code host}, {@code host:port} or {@code [v6]:port}. */
  public static InetSocketAddress parse(String text, int defaultPort) {
    Endpoint endpoint;
    try {
      endpoint = Endpoint.parse(text, defaultPort);
    } catch (IllegalArgumentException e) {
      throw new CommandFailed("'" + text + "' is not HOST or HOST:PORT", e);
    }
    InetSocketAddress address = new InetSocketAddress(endpoint.host(), endpoint.port());
    if (address.isUnresolved()) {
      throw new CommandFailed("unknown host " + endpoint.host());
    }
    return address;
  }
}
