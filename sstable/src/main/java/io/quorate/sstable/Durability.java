package io.quorate.sstable;

import org.jspecify.annotations.Nullable;

/** Whether a table's writes go to the commit log, and when one counts as durable. */
public enum Durability {
  /** Writes do not go to the commit log: what was not flushed is lost in a crash. */
  NONE(0, null),
  /** As the node's option says: {@link EngineOptions#syncMode}. */
  OF_THE_NODE(1, null),
  GROUP(2, SyncMode.GROUP),
  BATCH(3, SyncMode.BATCH),
  PERIODIC(4, SyncMode.PERIODIC);

  /** Its number in a manifest. */
  final int code;

  private final @Nullable SyncMode mode;

  Durability(int code, @Nullable SyncMode mode) {
    this.code = code;
    this.mode = mode;
  }

  static @Nullable Durability ofCode(int code) {
    for (Durability durability : values()) {
      if (durability.code == code) {
        return durability;
      }
    }
    return null;
  }

  SyncMode modeOr(SyncMode ofTheNode) {
    return mode == null ? ofTheNode : mode;
  }
}
