package io.quorate.tools.bench;

import io.quorate.client.PreparedStatement;
import io.quorate.client.Session;
import io.quorate.client.Statement;
import io.quorate.protocol.ConsistencyLevel;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Which statement an operation is: 16-byte keys, values of a given size, prepared statements. Safe
 * for concurrent use.
 *
 * <p>Each write has a value of its own. Values drawn from a few would flatter whoever compresses
 * large chunks, in which each is found twice.
 */
final class Workload {
  /** What operations do. */
  enum Kind {
    WRITE,
    READ,
    /** One write for each read. */
    MIXED,
    /** The rows of one partition. */
    SLICE
  }

  private static final int KEY_BYTES = 16;

  private final Kind kind;
  private final KeyChooser keys;
  private final ConsistencyLevel level;
  private final int sliceRows;
  private final int valueBytes;
  private final int randomBytes;
  private final PreparedStatement write;
  private final PreparedStatement read;

  Workload(
      Kind kind,
      KeyChooser keys,
      ConsistencyLevel level,
      int valueBytes,
      int compressiblePercent,
      int sliceRows,
      String keyspace,
      Session session) {
    this.kind = kind;
    this.keys = keys;
    this.level = level;
    this.sliceRows = sliceRows;
    this.valueBytes = valueBytes;
    this.randomBytes = valueBytes - (int) ((long) valueBytes * compressiblePercent / 100);
    boolean slices = kind == Kind.SLICE;
    String table = keyspace + (slices ? ".slices" : ".rows");
    this.write =
        session.prepare(
            slices
                ? "INSERT INTO " + table + " (key, seq, value) VALUES (?, ?, ?)"
                : "INSERT INTO " + table + " (key, value) VALUES (?, ?)");
    this.read =
        session.prepare(
            slices
                ? "SELECT seq, value FROM " + table + " WHERE key = ? LIMIT " + sliceRows
                : "SELECT value FROM " + table + " WHERE key = ?");
  }

  /** Makes keyspace and tables where they are missing. */
  static void createSchema(Session session, String keyspace, int replication) {
    session.execute(
        String.format(
            Locale.ROOT,
            "CREATE KEYSPACE IF NOT EXISTS %s WITH replication ="
                + " {'class': 'SimpleStrategy', 'replication_factor': %d}",
            keyspace,
            replication));
    session.execute(
        "CREATE TABLE IF NOT EXISTS " + keyspace + ".rows (key blob PRIMARY KEY, value blob)");
    session.execute(
        "CREATE TABLE IF NOT EXISTS "
            + keyspace
            + ".slices (key blob, seq int, value blob, PRIMARY KEY (key, seq))");
  }

  /** How many writes fill all keys. */
  static long loadCount(Kind kind, long keyCount, int sliceRows) {
    return kind == Kind.SLICE ? keyCount * sliceRows : keyCount;
  }

  /** The write that puts the given part of the data there. */
  Statement load(long index) {
    byte[] value = value(new SplittableRandom(index), valueBytes, randomBytes);
    return kind == Kind.SLICE
        ? write(index / sliceRows, (int) (index % sliceRows), value)
        : write(index, 0, value);
  }

  /** One operation, drawn anew. */
  Statement next(RandomGenerator random) {
    long key = keys.next(random);
    boolean writes = kind == Kind.WRITE || (kind == Kind.MIXED && random.nextBoolean());
    return writes ? write(key, 0, value(random, valueBytes, randomBytes)) : read(key);
  }

  private Statement read(long key) {
    return read.bindEncoded(List.of(keyBytes(key)))
        .withConsistency(level)
        .withPageSize(-1)
        .idempotent();
  }

  private Statement write(long key, int sequence, byte[] value) {
    List<byte @Nullable []> bound =
        kind == Kind.SLICE
            ? Arrays.<byte @Nullable []>asList(
                keyBytes(key), ByteBuffer.allocate(4).putInt(sequence).array(), value)
            : Arrays.<byte @Nullable []>asList(keyBytes(key), value);
    return write.bindEncoded(bound).withConsistency(level).idempotent();
  }

  /** Random bytes, and then one byte repeated. */
  static byte[] value(RandomGenerator random, int valueBytes, int randomBytes) {
    byte[] value = new byte[valueBytes];
    if (randomBytes == valueBytes) {
      random.nextBytes(value);
      return value;
    }
    byte[] drawn = new byte[randomBytes];
    random.nextBytes(drawn);
    System.arraycopy(drawn, 0, value, 0, randomBytes);
    Arrays.fill(value, randomBytes, valueBytes, (byte) 'x');
    return value;
  }

  /** A key's number, scattered, and the number itself. */
  static byte[] keyBytes(long key) {
    return ByteBuffer.allocate(KEY_BYTES).putLong(KeyChooser.scatter(key + 1)).putLong(key).array();
  }
}
