package io.quorate.cql;

import io.quorate.sstable.FragmentWriter;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Gathers what a write does to one column and writes its cells in the order that a row wants them:
 * what deletes all first, then by path. Later changes of a path replace earlier ones. A column of
 * one cell goes straight to the writer. Reused from column to column; owned by its execution.
 */
final class CellChanges {
  private final FragmentWriter writer;
  private final long timestampMicros;
  private final int ttlSeconds;
  private final long nowSeconds;

  private final ValueSlot slot = new ValueSlot();
  private final Map<byte[], Change> byPath = new TreeMap<>(Arrays::compareUnsigned);
  private long deletedUpToMicros;
  private int columnId;

  private static final long NOTHING_DELETED = Long.MIN_VALUE;

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Change(byte @Nullable [] value) {}

  /**
   * @param ttlSeconds 0 for values that do not expire
   */
  CellChanges(FragmentWriter writer, long timestampMicros, int ttlSeconds, long nowSeconds) {
    this.writer = writer;
    this.timestampMicros = timestampMicros;
    this.ttlSeconds = ttlSeconds;
    this.nowSeconds = nowSeconds;
  }

  void begin(int column) {
    columnId = column;
    deletedUpToMicros = NOTHING_DELETED;
  }

  /** Scratch for the operation that is being applied. */
  ValueSlot slot() {
    return slot;
  }

  /** Sets a cell, or deletes it if the value is null. */
  void set(byte @Nullable [] path, ValueSlot value) {
    if (value.isNull()) {
      remove(path);
    } else if (path == null) {
      value(null, value.bytes, value.offset, value.length);
    } else {
      byPath.put(path, new Change(value.copy()));
    }
  }

  void put(byte[] path, byte[] value) {
    byPath.put(path, new Change(value));
  }

  void remove(byte @Nullable [] path) {
    if (path == null) {
      writer.tombstone(columnId, null, timestampMicros, nowSeconds);
    } else {
      byPath.put(path, new Change(null));
    }
  }

  /** What is put next replaces all that was there: older by the least that there is. */
  void replaceAll() {
    byPath.clear();
    deletedUpToMicros = timestampMicros - 1;
  }

  void removeAll() {
    byPath.clear();
    deletedUpToMicros = timestampMicros;
  }

  void end() {
    if (deletedUpToMicros != NOTHING_DELETED) {
      writer.complexDeletion(columnId, deletedUpToMicros, nowSeconds);
    }
    if (byPath.isEmpty()) {
      return;
    }
    byPath.forEach((path, change) -> {
      byte[] value = change.value();
      if (value == null) {
        writer.tombstone(columnId, path, timestampMicros, nowSeconds);
      } else {
        value(path, value, 0, value.length);
      }
    });
    byPath.clear();
  }

  private void value(byte @Nullable [] path, byte[] bytes, int offset, int length) {
    writer.cell(
        columnId,
        path,
        timestampMicros,
        ttlSeconds,
        ttlSeconds > 0 ? nowSeconds + ttlSeconds : 0,
        bytes,
        offset,
        length);
  }
}
