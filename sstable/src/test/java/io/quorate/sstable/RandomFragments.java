package io.quorate.sstable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Fragments in which everything can occur and collide: few keys, few columns, few timestamps, so
 * that every tie-break is met.
 */
final class RandomFragments {
  private static final int TIMESTAMPS = 8;
  private static final int SECONDS = 6;

  private final Random random;
  private final int keyCount;
  private long baseSeconds;
  private long monotoneMicros;

  RandomFragments(long seed, int keyCount) {
    this.random = new Random(seed);
    this.keyCount = keyCount;
  }

  /** Moves all expiries and times of deletion. */
  RandomFragments withBaseSeconds(long seconds) {
    baseSeconds = seconds;
    return this;
  }

  /** From now on each timestamp is above all before, as from one client with a good clock. */
  RandomFragments withMonotoneTimestamps() {
    monotoneMicros = 1;
    return this;
  }

  static byte[] rowKey(int number) {
    return new byte[] {0x40, (byte) (number >>> 8), (byte) number};
  }

  /** A fragment as a client's update makes it: ranges may overlap. */
  byte[] next() {
    FragmentWriter out = new FragmentWriter().begin();
    write(out);
    return out.finish();
  }

  void write(FragmentWriter out) {
    if (random.nextInt(8) == 0) {
      out.partitionDeletion(timestamp(), seconds());
    }
    List<RangeTombstone> ranges = new ArrayList<>();
    for (int i = random.nextInt(3) == 0 ? random.nextInt(4) : 0; i > 0; i--) {
      ranges.add(range());
    }
    ranges.sort((left, right) -> Arrays.compareUnsigned(left.start(), right.start()));
    if (random.nextInt(4) == 0 && (ranges.isEmpty() || ranges.getFirst().start().length > 0)) {
      staticRow(out);
    }
    TreeSet<Integer> keys = new TreeSet<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      keys.add(random.nextInt(keyCount));
    }
    int next = 0;
    for (int key : keys) {
      while (next < ranges.size()
          && Arrays.compareUnsigned(ranges.get(next).start(), rowKey(key)) <= 0) {
        out.rangeTombstone(ranges.get(next++));
      }
      row(out, key);
    }
    while (next < ranges.size()) {
      out.rangeTombstone(ranges.get(next++));
    }
  }

  private RangeTombstone range() {
    int from = random.nextInt(keyCount);
    int to = from + 1 + random.nextInt(keyCount);
    byte[] start = random.nextInt(6) == 0 ? RowKeys.LOWEST : rowKey(from);
    byte[] end = to >= keyCount ? RowKeys.HIGHEST : rowKey(to);
    return new RangeTombstone(start, end, new Deletion(timestamp(), seconds()));
  }

  private void staticRow(FragmentWriter out) {
    out.beginRow(RowKeys.STATIC);
    cells(out);
    out.endRow();
  }

  private void row(FragmentWriter out, int key) {
    out.beginRow(rowKey(key));
    switch (random.nextInt(4)) {
      case 0 -> out.rowLiveness(timestamp(), 1 + random.nextInt(2), seconds());
      case 1 -> {
        // An update without an insert: no liveness.
      }
      default -> out.rowLiveness(timestamp());
    }
    if (random.nextInt(5) == 0) {
      out.rowDeletion(timestamp(), seconds());
    }
    cells(out);
    out.endRow();
  }

  private void cells(FragmentWriter out) {
    for (int column = 0; column < 3; column++) {
      if (random.nextInt(3) > 0) {
        cell(out, column, null);
      }
    }
    for (int column = 3; column < 5; column++) {
      if (random.nextInt(4) == 0) {
        out.complexDeletion(column, timestamp(), seconds());
      }
      for (int element = 0; element < 3; element++) {
        if (random.nextInt(3) == 0) {
          cell(out, column, new byte[] {(byte) (element * 100)});
        }
      }
    }
  }

  private void cell(FragmentWriter out, int column, byte @Nullable [] path) {
    switch (random.nextInt(4)) {
      case 0 -> out.tombstone(column, path, timestamp(), seconds());
      case 1 ->
          out.expiringCell(column, path, timestamp(), 1 + random.nextInt(2), seconds(), value());
      default -> out.cell(column, path, timestamp(), value());
    }
  }

  private byte[] value() {
    byte[] value = new byte[random.nextInt(20) == 0 ? 200 : random.nextInt(3)];
    Arrays.fill(value, (byte) random.nextInt(3));
    return value;
  }

  /** Above all before, when timestamps are monotone. */
  long nextTimestamp() {
    return timestamp();
  }

  private long timestamp() {
    if (monotoneMicros > 0) {
      return monotoneMicros++;
    }
    return random.nextInt(TIMESTAMPS) - 1L;
  }

  private long seconds() {
    return baseSeconds + 1 + random.nextInt(SECONDS);
  }
}
