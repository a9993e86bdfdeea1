package io.quorate.cql;

import io.quorate.protocol.types.BigEndian;
import io.quorate.protocol.types.ByteSink;
import java.util.List;

/**
 * Partition keys, in the form that Cassandra's partitioner and the drivers hash.
 *
 * <pre>
 * one column       its value
 * several columns  for each: u16 length | value | 00
 * </pre>
 */
final class PartitionKeys {
  private PartitionKeys() {}

  private static final int MAX_LENGTH = 0xFFFF;

  static byte[] encode(List<byte[]> values) {
    if (values.size() == 1) {
      return checked(values.get(0));
    }
    ByteSink out = new ByteSink();
    for (byte[] value : values) {
      checkLength(value.length);
      out.writeShort(value.length);
      out.write(value);
      out.writeByte(0);
    }
    return checked(out.toByteArray());
  }

  private static byte[] checked(byte[] key) {
    if (key.length == 0) {
      throw RequestException.invalid("Key may not be empty");
    }
    checkLength(key.length);
    return key;
  }

  private static void checkLength(int length) {
    if (length > MAX_LENGTH) {
      throw RequestException.invalid(
          "Key length of " + length + " is longer than maximum of " + MAX_LENGTH);
    }
  }

  /** Puts the component with this index into {@code out}. */
  static void component(byte[] key, int index, int count, ValueSlot out) {
    if (count == 1) {
      out.set(key, 0, key.length);
      return;
    }
    int at = 0;
    for (int i = 0; i < index; i++) {
      at += 2 + BigEndian.readUnsignedShort(key, at) + 1;
    }
    out.set(key, at + 2, BigEndian.readUnsignedShort(key, at));
  }
}
