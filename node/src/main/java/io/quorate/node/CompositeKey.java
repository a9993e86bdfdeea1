package io.quorate.node;

import io.quorate.protocol.types.ByteSink;
import java.util.List;

/**
 * Partition keys in the form in which drivers hash them: a single component is itself; several are
 * each {@code length u16 | bytes | 0}.
 */
final class CompositeKey {
  private CompositeKey() {}

  static byte[] encode(List<byte[]> components) {
    if (components.size() == 1) {
      return components.getFirst();
    }
    ByteSink key = new ByteSink(64);
    for (byte[] component : components) {
      key.writeShort(component.length);
      key.write(component);
      key.writeByte(0);
    }
    return key.toByteArray();
  }
}
