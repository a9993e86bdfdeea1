package io.quorate.sstable;

import io.quorate.environment.Invariant;
import java.util.UUID;

/**
 * One partition's update: the bytes that a message carries, the commit log stores and the engine
 * applies. Immutable as long as nobody writes to its array; safe to hand between threads.
 *
 * <pre>
 * Mutation := version u8 (1) | tableId 16 bytes | token i64 | keyLength u16 | key | fragment
 * </pre>
 *
 * <p>The token is carried along so that nobody behind the coordinator needs to know how it is made.
 * Its fragment need not be canonical (ranges may overlap, rows may be covered by its own
 * deletions); each row's body is.
 */
public final class Mutation {
  static final int VERSION = 1;
  static final int TOKEN_OFFSET = 17;
  private static final int KEY_OFFSET = 27;

  private final byte[] bytes;
  private final int keyLength;

  private Mutation(byte[] bytes) {
    this.bytes = bytes;
    this.keyLength = ByteReader.unsignedShortAt(bytes, KEY_OFFSET - 2);
  }

  /** Wraps bytes that were just written by a {@link FragmentWriter}, or that were parsed before. */
  public static Mutation of(byte[] bytes) {
    Invariant.check(bytes.length > KEY_OFFSET && bytes[0] == VERSION, "bytes of a mutation");
    return new Mutation(bytes);
  }

  /**
   * Wraps bytes from outside, which are checked from the first to the last.
   *
   * @throws MalformedException when they are not a mutation
   */
  public static Mutation parse(byte[] bytes) {
    if (bytes.length <= KEY_OFFSET) {
      throw new MalformedException("a mutation of " + bytes.length + " bytes is too short");
    }
    if (bytes[0] != VERSION) {
      throw new MalformedException("mutation version " + bytes[0] + " is not " + VERSION);
    }
    Mutation mutation = new Mutation(bytes);
    if (mutation.keyLength == 0 || mutation.fragmentLength() < 1) {
      throw new MalformedException("partition key of " + mutation.keyLength + " bytes");
    }
    FragmentValidator.validate(bytes, mutation.fragmentOffset(), mutation.fragmentLength());
    return mutation;
  }

  /** The mutation that applies a fragment to a partition. */
  public static Mutation of(UUID tableId, long token, byte[] key, byte[] fragment) {
    ByteWriter out = new ByteWriter(KEY_OFFSET + key.length + fragment.length);
    writeHead(out, tableId, token, key);
    out.put(fragment);
    return new Mutation(out.toBytes());
  }

  static void writeHead(ByteWriter out, UUID tableId, long token, byte[] key) {
    Invariant.check(
        key.length > 0 && key.length <= 0xFFFF, "a partition key's length", key.length, 0xFFFF);
    out.putByte(VERSION);
    out.putLong(tableId.getMostSignificantBits());
    out.putLong(tableId.getLeastSignificantBits());
    out.putLong(token);
    out.putShort(key.length);
    out.put(key);
  }

  /** The encoded mutation. Do not modify. */
  public byte[] bytes() {
    return bytes;
  }

  public int sizeBytes() {
    return bytes.length;
  }

  public UUID tableId() {
    return new UUID(ByteReader.longAt(bytes, 1), ByteReader.longAt(bytes, 9));
  }

  public long token() {
    return ByteReader.longAt(bytes, TOKEN_OFFSET);
  }

  public int keyOffset() {
    return KEY_OFFSET;
  }

  public int keyLength() {
    return keyLength;
  }

  public int fragmentOffset() {
    return KEY_OFFSET + keyLength;
  }

  public int fragmentLength() {
    return bytes.length - KEY_OFFSET - keyLength;
  }
}
