package io.quorate.cql;

import io.quorate.protocol.BoundValues;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Where a value stands. Reused; owned by its user, not thread-safe. */
final class ValueSlot {
  private static final byte[] NOTHING = {};

  byte[] bytes = NOTHING;
  int offset;

  /** In bytes, or {@link BoundValues#NULL}, or {@link BoundValues#UNSET}. */
  int length = BoundValues.NULL;

  void set(byte @Nullable [] value) {
    if (value == null) {
      setNull();
    } else {
      set(value, 0, value.length);
    }
  }

  void set(byte[] newBytes, int newOffset, int newLength) {
    bytes = newBytes;
    offset = newOffset;
    length = newLength;
  }

  void setNull() {
    set(NOTHING, 0, BoundValues.NULL);
  }

  boolean isUnset() {
    return length == BoundValues.UNSET;
  }

  boolean isNull() {
    return length == BoundValues.NULL;
  }

  boolean isAbsent() {
    return length < 0;
  }

  byte @Nullable [] copy() {
    return length < 0 ? null : Arrays.copyOfRange(bytes, offset, offset + length);
  }
}
