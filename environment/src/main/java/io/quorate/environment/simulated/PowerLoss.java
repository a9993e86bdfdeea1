package io.quorate.environment.simulated;

/**
 * Unwinds the code of a host whose power went away in the middle of a disk operation. An Error, so
 * that no handler of the node takes it for a failure it could answer.
 */
public final class PowerLoss extends Error {
  private static final long serialVersionUID = 1;

  private final String host;

  PowerLoss(String host) {
    super("power loss at " + host, null, false, false);
    this.host = host;
  }

  int hashCodeOfHost() {
    return host.hashCode();
  }
}
