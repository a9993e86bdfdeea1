package io.quorate.sstable;

import java.util.Arrays;

/**
 * Reads a row's body. {@link #reset} takes in the head, {@link #nextCell} moves over the cells.
 * Nothing is allocated; byte strings are given as offset and length into {@link #bytes()}. Reused,
 * not thread-safe.
 *
 * <pre>
 * Body := flags u8
 *       | [livenessTimestamp i64]                          if LIVENESS
 *       | [ttlSeconds u32 | expiresAtSeconds u32]          if LIVENESS_EXPIRES
 *       | [deletionTimestamp i64 | localSeconds u32]       if DELETION
 *       | cells to the end
 *   flags: 1 LIVENESS, 2 LIVENESS_EXPIRES, 4 DELETION,
 *          8 HAS_EXPIRING (some cell expires), 16 HAS_TOMBSTONES (some cell is a tombstone or a
 *          complex deletion); the last two let a reader judge a row without its cells
 * Cell := columnId uvarint | flags u8
 *       | [timestamp i64]                                  unless ROW_TIMESTAMP
 *       | [ttlSeconds u32 | expiresAtSeconds u32]          if EXPIRING
 *       | [localSeconds u32]                               if TOMBSTONE or COMPLEX_DELETION
 *       | [pathLength uvarint | path]                      if PATH
 *       | [valueLength uvarint | value]                    unless TOMBSTONE or COMPLEX_DELETION
 *   flags: 1 TOMBSTONE, 2 EXPIRING, 4 PATH, 8 ROW_TIMESTAMP (the row's liveness timestamp),
 *          16 COMPLEX_DELETION (deletes every cell of the column up to its timestamp)
 *   order: columnId, then complex deletion before cells, no path before paths, paths unsigned
 * </pre>
 *
 * <p>A row deletion deletes liveness and cells with a timestamp up to its own; what a body itself
 * deletes in this way does not stand in it.
 */
public final class RowReader extends ByteReader {
  static final int LIVENESS = 1;
  static final int LIVENESS_EXPIRES = 2;
  static final int DELETION = 4;
  static final int HAS_EXPIRING = 8;
  static final int HAS_TOMBSTONES = 16;

  static final int TOMBSTONE = 1;
  static final int EXPIRING = 2;
  static final int PATH = 4;
  static final int ROW_TIMESTAMP = 8;
  static final int COMPLEX_DELETION = 16;

  /** Timestamp of what is not there. */
  public static final long NO_TIMESTAMP = Long.MIN_VALUE;

  private int flags;
  private long livenessTimestampMicros;
  private int livenessTtlSeconds;
  private long livenessExpiresAtSeconds;
  private long deletionTimestampMicros;
  private long deletionLocalSeconds;

  private int columnId;
  private int cellFlags;
  private long timestampMicros;
  private int ttlSeconds;
  private long expiresAtSeconds;
  private long localSeconds;
  private int pathOffset;
  private int pathLength;
  private int valueOffset;
  private int valueLength;

  /** Takes in the head of a body and stands before its first cell. */
  public RowReader reset(byte[] source, int offset, int length) {
    over(source, offset, length);
    flags = readByte();
    if (flags >= 32 || (flags & (LIVENESS | LIVENESS_EXPIRES)) == LIVENESS_EXPIRES) {
      throw new MalformedException("row flags " + flags + " at " + offset);
    }
    livenessTimestampMicros = (flags & LIVENESS) != 0 ? readTimestamp() : NO_TIMESTAMP;
    if ((flags & LIVENESS_EXPIRES) != 0) {
      livenessTtlSeconds = readTtl();
      livenessExpiresAtSeconds = readUnsignedInt();
    } else {
      livenessTtlSeconds = 0;
      livenessExpiresAtSeconds = 0;
    }
    if ((flags & DELETION) != 0) {
      deletionTimestampMicros = readTimestamp();
      deletionLocalSeconds = readUnsignedInt();
    } else {
      deletionTimestampMicros = NO_TIMESTAMP;
      deletionLocalSeconds = 0;
    }
    columnId = -1;
    return this;
  }

  /** Moves to the next cell or complex deletion; false at the end. */
  public boolean nextCell() {
    if (position >= end) {
      return false;
    }
    columnId = readUvarint();
    int cell = readByte();
    cellFlags = cell;
    if (cell >= 32 || (cell & (TOMBSTONE | EXPIRING)) == (TOMBSTONE | EXPIRING)) {
      throw new MalformedException("cell flags " + cell + " before " + position);
    }
    if ((cell & COMPLEX_DELETION) != 0 && (cell & (TOMBSTONE | EXPIRING | PATH)) != 0) {
      throw new MalformedException("complex deletion's flags " + cell + " before " + position);
    }
    if ((cell & ROW_TIMESTAMP) == 0) {
      timestampMicros = readTimestamp();
    } else if ((flags & LIVENESS) != 0) {
      timestampMicros = livenessTimestampMicros;
    } else {
      throw new MalformedException("cell without a timestamp before " + position);
    }
    if ((cell & EXPIRING) != 0) {
      ttlSeconds = readTtl();
      expiresAtSeconds = readUnsignedInt();
    } else {
      ttlSeconds = 0;
      expiresAtSeconds = 0;
    }
    localSeconds = (cell & (TOMBSTONE | COMPLEX_DELETION)) != 0 ? readUnsignedInt() : 0;
    pathOffset = position;
    pathLength = 0;
    if ((cell & PATH) != 0) {
      pathLength = readLength();
      pathOffset = position;
      position += pathLength;
    }
    valueOffset = position;
    valueLength = 0;
    if ((cell & (TOMBSTONE | COMPLEX_DELETION)) == 0) {
      valueLength = readLength();
      valueOffset = position;
      position += valueLength;
    }
    return true;
  }

  private long readTimestamp() {
    long timestamp = readLong();
    if (timestamp == NO_TIMESTAMP) {
      throw new MalformedException("timestamp out of range before " + position);
    }
    return timestamp;
  }

  private int readTtl() {
    int ttl = readInt();
    if (ttl <= 0) {
      throw new MalformedException("time to live out of range before " + position);
    }
    return ttl;
  }

  /**
   * Whether anything in the body can be seen at {@code nowSeconds}: liveness or a cell that is
   * neither deleted nor expired. Uses up the cells.
   */
  public boolean isLive(long nowSeconds) {
    if ((flags & LIVENESS) != 0 && !livenessExpired(nowSeconds)) {
      return true;
    }
    if ((flags & (HAS_EXPIRING | HAS_TOMBSTONES)) == 0) {
      return position < end;
    }
    while (nextCell()) {
      if (isLiveCell(nowSeconds)) {
        return true;
      }
    }
    return false;
  }

  /** The array that offsets point into. */
  public byte[] bytes() {
    return bytes;
  }

  int flags() {
    return flags;
  }

  public boolean hasLiveness() {
    return (flags & LIVENESS) != 0;
  }

  /** {@link #NO_TIMESTAMP} when the row has no liveness. */
  public long livenessTimestampMicros() {
    return livenessTimestampMicros;
  }

  public boolean livenessExpires() {
    return (flags & LIVENESS_EXPIRES) != 0;
  }

  /** 0 when the liveness does not expire. */
  public int livenessTtlSeconds() {
    return livenessTtlSeconds;
  }

  /** 0 when the liveness does not expire. */
  public long livenessExpiresAtSeconds() {
    return livenessExpiresAtSeconds;
  }

  public boolean livenessExpired(long nowSeconds) {
    return livenessExpires() && livenessExpiresAtSeconds <= nowSeconds;
  }

  public boolean hasDeletion() {
    return (flags & DELETION) != 0;
  }

  /** {@link #NO_TIMESTAMP} when the row is not deleted. */
  public long deletionTimestampMicros() {
    return deletionTimestampMicros;
  }

  public long deletionLocalSeconds() {
    return deletionLocalSeconds;
  }

  public int columnId() {
    return columnId;
  }

  int cellFlags() {
    return cellFlags;
  }

  public long timestampMicros() {
    return timestampMicros;
  }

  public boolean isTombstone() {
    return (cellFlags & TOMBSTONE) != 0;
  }

  public boolean isExpiring() {
    return (cellFlags & EXPIRING) != 0;
  }

  public boolean isComplexDeletion() {
    return (cellFlags & COMPLEX_DELETION) != 0;
  }

  public boolean hasPath() {
    return (cellFlags & PATH) != 0;
  }

  /** Whether the current cell holds a value that is not expired at {@code nowSeconds}. */
  public boolean isLiveCell(long nowSeconds) {
    return (cellFlags & (TOMBSTONE | COMPLEX_DELETION)) == 0
        && ((cellFlags & EXPIRING) == 0 || expiresAtSeconds > nowSeconds);
  }

  /** 0 when the cell does not expire. */
  public int ttlSeconds() {
    return ttlSeconds;
  }

  /** 0 when the cell does not expire. */
  public long expiresAtSeconds() {
    return expiresAtSeconds;
  }

  /** When the tombstone or complex deletion was made. */
  public long localSeconds() {
    return localSeconds;
  }

  public int pathOffset() {
    return pathOffset;
  }

  public int pathLength() {
    return pathLength;
  }

  public int valueOffset() {
    return valueOffset;
  }

  public int valueLength() {
    return valueLength;
  }

  /** Place of the current cell among the cells of its column that need no look at the path. */
  int rank() {
    return (cellFlags & COMPLEX_DELETION) != 0 ? 0 : (cellFlags & PATH) == 0 ? 1 : 2;
  }

  /** Order of the current cells of two readers. */
  static int compareCells(RowReader left, RowReader right) {
    if (left.columnId != right.columnId) {
      return Integer.compare(left.columnId, right.columnId);
    }
    int leftRank = left.rank();
    int rightRank = right.rank();
    if (leftRank != rightRank) {
      return Integer.compare(leftRank, rightRank);
    }
    return leftRank < 2
        ? 0
        : Arrays.compareUnsigned(
            left.bytes,
            left.pathOffset,
            left.pathOffset + left.pathLength,
            right.bytes,
            right.pathOffset,
            right.pathOffset + right.pathLength);
  }
}
