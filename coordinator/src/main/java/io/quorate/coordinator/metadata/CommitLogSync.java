package io.quorate.coordinator.metadata;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** When a write to a keyspace is acknowledged: the keyspace property {@code commitlog_sync}. */
public enum CommitLogSync {
  /** As each node's own option says. */
  DEFAULT(0),
  /** After a sync that it shares with whatever came meanwhile. */
  GROUP(1),
  /** After a sync that was begun for it at once. */
  BATCH(2),
  /** Before it is synced; a power loss takes what came within one period. */
  PERIODIC(3);

  private final int code;

  CommitLogSync(int code) {
    this.code = code;
  }

  /** Its number in the encoded metadata. */
  int code() {
    return code;
  }

  static @Nullable CommitLogSync ofCode(int code) {
    for (CommitLogSync sync : values()) {
      if (sync.code == code) {
        return sync;
      }
    }
    return null;
  }

  /** The value of that name in CQL, in lower case there; null when there is none. */
  public static @Nullable CommitLogSync named(String name) {
    for (CommitLogSync sync : values()) {
      if (sync.cqlName().equals(name.toLowerCase(Locale.ROOT))) {
        return sync;
      }
    }
    return null;
  }

  public String cqlName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
