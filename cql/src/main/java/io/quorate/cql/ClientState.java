package io.quorate.cql;

import io.quorate.sstable.FragmentWriter;
import org.jspecify.annotations.Nullable;

/**
 * What the language remembers of a connection. Owned by the connection's shard; not thread-safe.
 */
public final class ClientState {
  private @Nullable String keyspace;
  private final FragmentWriter writer = new FragmentWriter();

  /** In which names without a keyspace are looked up; null before the first USE. */
  public @Nullable String keyspace() {
    return keyspace;
  }

  void use(String newKeyspace) {
    keyspace = newKeyspace;
  }

  /** Scratch for encoding mutations. */
  FragmentWriter writer() {
    return writer;
  }
}
