package io.quorate.cql;

/** How long requests may take; the defaults are Cassandra's. */
public record Timeouts(
    long readMillis, long rangeMillis, long writeMillis, long truncateMillis, long schemaMillis) {
  public static final Timeouts DEFAULT = new Timeouts(5_000, 10_000, 2_000, 60_000, 10_000);
}
