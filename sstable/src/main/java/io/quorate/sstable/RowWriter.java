package io.quorate.sstable;

import io.quorate.environment.Invariant;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Writes a row's body (drawn at {@link RowReader}) at the end of a {@link ByteWriter}. What is
 * written is in its one form: cells in order, nothing that the row's own deletions cover, each
 * timestamp that equals the row's left out. Reused, not thread-safe.
 */
final class RowWriter {
  private static final byte[] NO_PATH = {};

  private final ByteWriter out;
  private int start;
  private int headFlags;
  private boolean headWritten;
  private long livenessTimestampMicros;
  private int livenessTtlSeconds;
  private long livenessExpiresAtSeconds;
  private long deletionTimestampMicros;
  private long deletionLocalSeconds;

  /** What the last complex deletion deletes, and of which column. */
  private int complexColumnId;

  private long complexTimestampMicros;

  /** The last cell, to check the order. */
  private int lastColumnId;

  private int lastRank;
  private byte[] lastPath = new byte[32];
  private int lastPathLength;

  RowWriter(ByteWriter out) {
    this.out = out;
  }

  void begin() {
    start = out.length;
    headFlags = 0;
    headWritten = false;
    livenessTimestampMicros = RowReader.NO_TIMESTAMP;
    deletionTimestampMicros = RowReader.NO_TIMESTAMP;
    complexColumnId = -1;
    complexTimestampMicros = RowReader.NO_TIMESTAMP;
    lastColumnId = -1;
    lastRank = 0;
    lastPathLength = 0;
  }

  void liveness(long timestampMicros, int ttlSeconds, long expiresAtSeconds) {
    Invariant.check(!headWritten, "a row's liveness comes before its cells");
    Invariant.check(timestampMicros != RowReader.NO_TIMESTAMP, "a timestamp in range");
    Invariant.check(ttlSeconds >= 0, "a time to live in range", ttlSeconds, 0);
    headFlags =
        (headFlags & ~RowReader.LIVENESS_EXPIRES)
            | RowReader.LIVENESS
            | (ttlSeconds > 0 ? RowReader.LIVENESS_EXPIRES : 0);
    livenessTimestampMicros = timestampMicros;
    livenessTtlSeconds = ttlSeconds;
    livenessExpiresAtSeconds = expiresAtSeconds;
  }

  void deletion(long timestampMicros, long localSeconds) {
    Invariant.check(!headWritten, "a row's deletion comes before its cells");
    Invariant.check(timestampMicros != RowReader.NO_TIMESTAMP, "a timestamp in range");
    headFlags |= RowReader.DELETION;
    deletionTimestampMicros = timestampMicros;
    deletionLocalSeconds = localSeconds;
  }

  void value(
      int columnId,
      byte @Nullable [] path,
      long timestampMicros,
      int ttlSeconds,
      long expiresAtSeconds,
      byte[] value,
      int valueOffset,
      int valueLength) {
    byte[] pathBytes = path == null ? NO_PATH : path;
    int flags = (path == null ? 0 : RowReader.PATH) | (ttlSeconds > 0 ? RowReader.EXPIRING : 0);
    Invariant.check(ttlSeconds >= 0, "a time to live in range", ttlSeconds, 0);
    put(
        columnId,
        flags,
        timestampMicros,
        ttlSeconds,
        expiresAtSeconds,
        0,
        pathBytes,
        0,
        pathBytes.length,
        value,
        valueOffset,
        valueLength);
  }

  void tombstone(int columnId, byte @Nullable [] path, long timestampMicros, long localSeconds) {
    byte[] pathBytes = path == null ? NO_PATH : path;
    int flags = RowReader.TOMBSTONE | (path == null ? 0 : RowReader.PATH);
    put(
        columnId,
        flags,
        timestampMicros,
        0,
        0,
        localSeconds,
        pathBytes,
        0,
        pathBytes.length,
        NO_PATH,
        0,
        0);
  }

  void complexDeletion(int columnId, long timestampMicros, long localSeconds) {
    put(
        columnId,
        RowReader.COMPLEX_DELETION,
        timestampMicros,
        0,
        0,
        localSeconds,
        NO_PATH,
        0,
        0,
        NO_PATH,
        0,
        0);
  }

  /** Writes the current cell of a reader. */
  void copy(RowReader cell) {
    put(
        cell.columnId(),
        cell.cellFlags() & ~RowReader.ROW_TIMESTAMP,
        cell.timestampMicros(),
        cell.ttlSeconds(),
        cell.expiresAtSeconds(),
        cell.localSeconds(),
        cell.bytes,
        cell.pathOffset(),
        cell.pathLength(),
        cell.bytes,
        cell.valueOffset(),
        cell.valueLength());
  }

  /** Writes the current cell of a reader, which has expired, as the tombstone that it now is. */
  void copyExpired(RowReader cell) {
    put(
        cell.columnId(),
        (cell.cellFlags() & RowReader.PATH) | RowReader.TOMBSTONE,
        cell.timestampMicros(),
        0,
        0,
        cell.expiresAtSeconds(),
        cell.bytes,
        cell.pathOffset(),
        cell.pathLength(),
        NO_PATH,
        0,
        0);
  }

  private void put(
      int columnId,
      int flags,
      long timestampMicros,
      int ttlSeconds,
      long expiresAtSeconds,
      long localSeconds,
      byte[] path,
      int pathOffset,
      int pathLength,
      byte[] value,
      int valueOffset,
      int valueLength) {
    Invariant.check(timestampMicros != RowReader.NO_TIMESTAMP, "a timestamp in range");
    if (!headWritten) {
      writeHead();
    }
    checkOrder(columnId, flags, path, pathOffset, pathLength);
    if (timestampMicros <= deletionTimestampMicros
        || (columnId == complexColumnId && timestampMicros <= complexTimestampMicros)) {
      return;
    }
    boolean deleted = (flags & (RowReader.TOMBSTONE | RowReader.COMPLEX_DELETION)) != 0;
    if ((flags & RowReader.COMPLEX_DELETION) != 0) {
      complexColumnId = columnId;
      complexTimestampMicros = timestampMicros;
    }
    boolean rowTimestamp = timestampMicros == livenessTimestampMicros;
    out.putUvarint(columnId);
    out.putByte(rowTimestamp ? flags | RowReader.ROW_TIMESTAMP : flags);
    if (!rowTimestamp) {
      out.putLong(timestampMicros);
    }
    if ((flags & RowReader.EXPIRING) != 0) {
      out.putInt(ttlSeconds);
      out.putUnsignedInt(expiresAtSeconds);
      out.bytes[start] |= RowReader.HAS_EXPIRING;
    }
    if (deleted) {
      out.putUnsignedInt(localSeconds);
      out.bytes[start] |= RowReader.HAS_TOMBSTONES;
    }
    if ((flags & RowReader.PATH) != 0) {
      out.putLengthPrefixed(path, pathOffset, pathLength);
    }
    if (!deleted) {
      out.putLengthPrefixed(value, valueOffset, valueLength);
    }
  }

  private void checkOrder(int columnId, int flags, byte[] path, int pathOffset, int pathLength) {
    int rank =
        (flags & RowReader.COMPLEX_DELETION) != 0 ? 0 : (flags & RowReader.PATH) == 0 ? 1 : 2;
    int order = Integer.compare(columnId, lastColumnId);
    if (order == 0) {
      order = Integer.compare(rank, lastRank);
    }
    if (order == 0 && rank == 2) {
      order =
          Arrays.compareUnsigned(
              path, pathOffset, pathOffset + pathLength, lastPath, 0, lastPathLength);
    }
    Invariant.check(order > 0, "cells are written in order of column and path");
    lastColumnId = columnId;
    lastRank = rank;
    if (pathLength > lastPath.length) {
      lastPath = new byte[pathLength * 2];
    }
    System.arraycopy(path, pathOffset, lastPath, 0, pathLength);
    lastPathLength = pathLength;
  }

  private void writeHead() {
    headWritten = true;
    if (livenessTimestampMicros <= deletionTimestampMicros) {
      headFlags &= ~(RowReader.LIVENESS | RowReader.LIVENESS_EXPIRES);
      livenessTimestampMicros = RowReader.NO_TIMESTAMP;
    }
    out.putByte(headFlags);
    if ((headFlags & RowReader.LIVENESS) != 0) {
      out.putLong(livenessTimestampMicros);
    }
    if ((headFlags & RowReader.LIVENESS_EXPIRES) != 0) {
      out.putInt(livenessTtlSeconds);
      out.putUnsignedInt(livenessExpiresAtSeconds);
    }
    if ((headFlags & RowReader.DELETION) != 0) {
      out.putLong(deletionTimestampMicros);
      out.putUnsignedInt(deletionLocalSeconds);
    }
  }

  /** Ends the body. A body that says nothing is taken back: then the answer is false. */
  boolean end() {
    if (!headWritten) {
      writeHead();
    }
    if (out.length == start + 1) {
      out.length = start;
      return false;
    }
    return true;
  }
}
