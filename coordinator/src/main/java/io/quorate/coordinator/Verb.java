package io.quorate.coordinator;

import org.jspecify.annotations.Nullable;

/** What a message between nodes asks for. The code is on the wire: never give one out twice. */
public enum Verb {
  MUTATION(1),
  READ(2),
  READ_DIGEST(3),
  READ_RANGE(4),
  // 5 was TRUNCATE, before it was a change of the metadata.
  BATCH_STORE(6),
  BATCH_REMOVE(7),
  HINT(8),
  GOSSIP(16),
  RAFT(17),
  METADATA_CHANGE(18),
  RECOVERY(19),
  ADOPTED(20);

  private static final @Nullable Verb[] BY_CODE = new Verb[64];

  static {
    for (Verb verb : values()) {
      BY_CODE[verb.code] = verb;
    }
  }

  private final int code;

  Verb(int code) {
    this.code = code;
  }

  int code() {
    return code;
  }

  /** The verb, or null for a code that this version does not know. */
  static @Nullable Verb of(int code) {
    return code >= 0 && code < BY_CODE.length ? BY_CODE[code] : null;
  }
}
