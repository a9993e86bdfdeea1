package io.quorate.protocol;

import io.quorate.protocol.types.BigEndian;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Reads the notations of the native protocol (v5, section 3) from a message's body. Owned by its
 * user; not thread-safe. Whatever is not there is a {@link ProtocolException}.
 */
final class MessageReader {
  private final byte[] bytes;
  private int position;

  MessageReader(byte[] bytes) {
    this.bytes = bytes;
  }

  byte[] bytes() {
    return bytes;
  }

  int position() {
    return position;
  }

  void position(int newPosition) {
    position = newPosition;
  }

  int remaining() {
    return bytes.length - position;
  }

  /** Moves over {@code count} bytes and returns where they start. */
  int skip(int count) {
    if (count < 0 || count > bytes.length - position) {
      throw new ProtocolException(
          "A message is cut short: "
              + count
              + " bytes wanted at "
              + position
              + " of "
              + bytes.length);
    }
    int start = position;
    position += count;
    return start;
  }

  int unsignedByte() {
    return bytes[skip(1)] & 0xFF;
  }

  int unsignedShort() {
    return BigEndian.readUnsignedShort(bytes, skip(2));
  }

  int readInt() {
    return BigEndian.readInt(bytes, skip(4));
  }

  long readLong() {
    return BigEndian.readLong(bytes, skip(8));
  }

  UUID uuid() {
    return new UUID(readLong(), readLong());
  }

  String string() {
    int length = unsignedShort();
    return new String(bytes, skip(length), length, StandardCharsets.UTF_8);
  }

  String longString() {
    int length = readInt();
    return new String(bytes, skip(length), length, StandardCharsets.UTF_8);
  }

  byte @Nullable [] value() {
    int length = readInt();
    if (length < 0) {
      return null;
    }
    int start = skip(length);
    return Arrays.copyOfRange(bytes, start, start + length);
  }

  Md5 md5() {
    int length = unsignedShort();
    if (length != Md5.LENGTH_BYTES) {
      throw new ProtocolException("An id of " + length + " bytes");
    }
    return Md5.read(bytes, skip(length));
  }

  List<String> stringList() {
    int count = unsignedShort();
    List<String> strings = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      strings.add(string());
    }
    return strings;
  }

  Map<String, String> stringMap() {
    int count = unsignedShort();
    Map<String, String> map = new LinkedHashMap<>();
    for (int i = 0; i < count; i++) {
      String key = string();
      map.put(key, string());
    }
    return map;
  }

  Map<String, List<String>> stringMultimap() {
    int count = unsignedShort();
    Map<String, List<String>> map = new LinkedHashMap<>();
    for (int i = 0; i < count; i++) {
      String key = string();
      map.put(key, stringList());
    }
    return map;
  }

  void skipBytesMap() {
    int count = unsignedShort();
    for (int i = 0; i < count; i++) {
      string();
      skip(Math.max(0, readInt()));
    }
  }

  ConsistencyLevel consistency() {
    return ConsistencyLevel.ofCode(unsignedShort());
  }

  InetAddress address() {
    int length = unsignedByte();
    int start = skip(length);
    try {
      return InetAddress.getByAddress(Arrays.copyOfRange(bytes, start, start + length));
    } catch (UnknownHostException e) {
      throw new ProtocolException("An address of " + length + " bytes", e);
    }
  }

  InetSocketAddress socketAddress() {
    InetAddress address = address();
    int port = readInt();
    if (port < 0 || port > 0xFFFF) {
      throw new ProtocolException("Port " + port);
    }
    return new InetSocketAddress(address, port);
  }

  <E extends Enum<E>> E name(Class<E> type) {
    String name = string();
    for (E constant : type.getEnumConstants()) {
      if (constant.name().equals(name)) {
        return constant;
      }
    }
    throw new ProtocolException("Unknown " + type.getSimpleName() + " " + name);
  }
}
