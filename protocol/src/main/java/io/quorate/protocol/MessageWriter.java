package io.quorate.protocol;

import io.quorate.protocol.types.ByteSink;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes the notations of the native protocol (v5, section 3). */
final class MessageWriter {
  private MessageWriter() {}

  static void string(String text, ByteSink out) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    if (utf8.length > 0xFFFF) {
      throw new ProtocolException("A string of " + utf8.length + " bytes where 65535 fit");
    }
    out.writeShort(utf8.length);
    out.write(utf8);
  }

  static void longString(String text, ByteSink out) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(utf8.length);
    out.write(utf8);
  }

  static void value(byte @Nullable [] bytes, ByteSink out) {
    if (bytes == null) {
      out.writeInt(-1);
    } else {
      out.writeValue(bytes, 0, bytes.length);
    }
  }

  static void md5(Md5 id, ByteSink out) {
    out.writeShort(Md5.LENGTH_BYTES);
    id.write(out);
  }

  static void stringList(List<String> strings, ByteSink out) {
    out.writeShort(strings.size());
    for (String text : strings) {
      string(text, out);
    }
  }

  static void stringMap(Map<String, String> map, ByteSink out) {
    out.writeShort(map.size());
    map.forEach((key, value) -> {
      string(key, out);
      string(value, out);
    });
  }

  static void stringMultimap(Map<String, List<String>> map, ByteSink out) {
    out.writeShort(map.size());
    map.forEach((key, values) -> {
      string(key, out);
      stringList(values, out);
    });
  }

  static void consistency(ConsistencyLevel level, ByteSink out) {
    out.writeShort(level.code());
  }

  static void address(InetAddress address, ByteSink out) {
    byte[] bytes = address.getAddress();
    out.writeByte(bytes.length);
    out.write(bytes);
  }

  static void socketAddress(InetSocketAddress address, ByteSink out) {
    address(address.getAddress(), out);
    out.writeInt(address.getPort());
  }
}
