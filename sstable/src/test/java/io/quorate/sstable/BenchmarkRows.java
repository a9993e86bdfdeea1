package io.quorate.sstable;

import io.quorate.protocol.Murmur3;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;

/**
 * The rows that benchmarks use, as in the whole server's: 16-byte keys, one row of one 100-byte
 * value a partition, half of it random; or one partition of many such rows.
 */
final class BenchmarkRows {
  static final UUID TABLE = new UUID(1, 2);
  static final int KEY_BYTES = 16;
  static final int VALUE_BYTES = 100;
  static final byte[] ROW = {0x40};
  static final Partitioner PARTITIONER = Murmur3::token;

  private BenchmarkRows() {}

  static long token(int number) {
    return Murmur3.token(key(number));
  }

  static byte[] key(int number) {
    byte[] key = new byte[KEY_BYTES];
    new SplittableRandom(number).nextBytes(key);
    return key;
  }

  static byte[] value(SplittableRandom random) {
    byte[] value = new byte[VALUE_BYTES];
    byte[] half = new byte[VALUE_BYTES / 2];
    random.nextBytes(half);
    System.arraycopy(half, 0, value, 0, half.length);
    Arrays.fill(value, half.length, VALUE_BYTES, (byte) 'x');
    return value;
  }

  static Mutation mutation(int number, long timestampMicros, byte[] value) {
    return Mutation.of(
        new FragmentWriter()
            .begin(TABLE, token(number), key(number))
            .beginRow(ROW)
            .rowLiveness(timestampMicros)
            .cell(0, null, timestampMicros, value)
            .endRow()
            .finish());
  }

  /** One row of a partition of many. */
  static Mutation wideRow(int partition, int row, long timestampMicros, byte[] value) {
    return Mutation.of(
        new FragmentWriter()
            .begin(TABLE, token(partition), key(partition))
            .beginRow(rowKey(row))
            .rowLiveness(timestampMicros)
            .cell(0, null, timestampMicros, value)
            .endRow()
            .finish());
  }

  static byte[] rowKey(int row) {
    return new byte[] {
      0x40, (byte) (row >>> 24), (byte) (row >>> 16), (byte) (row >>> 8), (byte) row
    };
  }

  /** What a SELECT of one partition asks for. */
  static ReadLimits onePartition() {
    return new ReadLimits(
        List.of(new Slice(ROW, RowKeys.after(ROW, 0, ROW.length))), false, false, 1, 1);
  }

  /** What a SELECT of consecutive rows asks for. */
  static ReadLimits slice(int firstRow, int rows) {
    return new ReadLimits(
        List.of(new Slice(rowKey(firstRow), RowKeys.HIGHEST)), false, false, rows, 1);
  }

  static Memtable memtable(int firstNumber, int step, int count) {
    SplittableRandom random = new SplittableRandom(firstNumber);
    Memtable memtable = new Memtable();
    for (int i = 0; i < count; i++) {
      memtable.put(mutation(firstNumber + i * step, 1 + i, value(random)));
    }
    return memtable;
  }
}
