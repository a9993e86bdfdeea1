package io.quorate.protocol;

import io.quorate.protocol.types.BigEndian;
import io.quorate.protocol.types.ByteSink;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** An MD5 digest: the id of a prepared statement, or of a result's metadata. */
public record Md5(long high, long low) {
  public static final int LENGTH_BYTES = 16;

  /** The digest of these bytes. */
  public static Md5 of(byte[] bytes, int offset, int length) {
    try {
      MessageDigest digest = MessageDigest.getInstance("MD5");
      digest.update(bytes, offset, length);
      return read(digest.digest(), 0);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has MD5", e);
    }
  }

  /** The digest that stands in 16 bytes. */
  public static Md5 read(byte[] bytes, int offset) {
    return new Md5(BigEndian.readLong(bytes, offset), BigEndian.readLong(bytes, offset + 8));
  }

  public void write(ByteSink out) {
    out.writeLong(high);
    out.writeLong(low);
  }

  @Override
  public String toString() {
    HexFormat hex = HexFormat.of();
    return hex.toHexDigits(high) + hex.toHexDigits(low);
  }
}
