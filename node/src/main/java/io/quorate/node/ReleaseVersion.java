package io.quorate.node;

/** What this node calls itself. */
public final class ReleaseVersion {
  /**
   * The Cassandra release whose features drivers and tools may expect; they switch on this text.
   */
  public static final String COMPATIBLE = "5.0.0";

  /** Quorate's own version. */
  public static final String OWN = "0.1.0";

  private ReleaseVersion() {}
}
