package io.quorate.protocol.types;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Big-endian numbers in byte arrays. */
public final class BigEndian {
  private BigEndian() {}

  private static final VarHandle SHORTS =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  public static int readShort(byte[] bytes, int offset) {
    return (short) SHORTS.get(bytes, offset);
  }

  public static int readUnsignedShort(byte[] bytes, int offset) {
    return (short) SHORTS.get(bytes, offset) & 0xFFFF;
  }

  public static int readInt(byte[] bytes, int offset) {
    return (int) INTS.get(bytes, offset);
  }

  public static long readLong(byte[] bytes, int offset) {
    return (long) LONGS.get(bytes, offset);
  }

  public static void writeShort(byte[] bytes, int offset, int value) {
    SHORTS.set(bytes, offset, (short) value);
  }

  public static void writeInt(byte[] bytes, int offset, int value) {
    INTS.set(bytes, offset, value);
  }

  public static void writeLong(byte[] bytes, int offset, long value) {
    LONGS.set(bytes, offset, value);
  }

  public static byte[] ofInt(int value) {
    byte[] bytes = new byte[4];
    writeInt(bytes, 0, value);
    return bytes;
  }

  public static byte[] ofLong(long value) {
    byte[] bytes = new byte[8];
    writeLong(bytes, 0, value);
    return bytes;
  }
}
