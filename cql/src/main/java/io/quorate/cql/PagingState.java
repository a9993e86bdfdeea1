package io.quorate.cql;

import io.quorate.protocol.ErrorCode;
import io.quorate.protocol.ErrorDetails;
import io.quorate.protocol.types.BigEndian;
import io.quorate.protocol.types.ByteSink;
import io.quorate.sstable.RowKeys;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Where a page ended and the next one begins. Holds all that is needed to go on, on any node and
 * after any restart.
 *
 * <pre>
 * version u8 (=1) | flags u8 (1: has a row key, 2: a row was seen) | token i64 | remaining rows i64
 * | remaining rows of the partition i64 | key length u16 | key | row key to the checksum
 * | crc32c u32 of all before
 * </pre>
 *
 * @param rowKey of the last row that was read; null if its partition is done
 * @param rowSeen whether any row of the partition could be seen so far
 * @param remaining how many rows the statement's limit still allows
 * @param remainingInPartition how many the limit of the partition allows
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record PagingState(
    long token,
    byte[] key,
    byte @Nullable [] rowKey,
    boolean rowSeen,
    long remaining,
    long remainingInPartition) {

  private static final int VERSION = 1;
  private static final int HAS_ROW_KEY = 1;
  private static final int ROW_SEEN = 2;
  private static final int HEAD_BYTES = 28;
  private static final int CHECKSUM_BYTES = 4;

  byte[] encode() {
    ByteSink out = new ByteSink(HEAD_BYTES + key.length + 32);
    out.writeByte(VERSION);
    out.writeByte((rowKey == null ? 0 : HAS_ROW_KEY) | (rowSeen ? ROW_SEEN : 0));
    out.writeLong(token);
    out.writeLong(remaining);
    out.writeLong(remainingInPartition);
    out.writeShort(key.length);
    out.write(key);
    if (rowKey != null) {
      out.write(rowKey);
    }
    out.writeInt(checksum(out.array(), out.length()));
    return out.toByteArray();
  }

  /**
   * Reads what a client sent back.
   *
   * @throws RequestException if it is not what a node gave out
   */
  static PagingState decode(byte[] bytes) {
    int end = bytes.length - CHECKSUM_BYTES;
    if (end < HEAD_BYTES
        || bytes[0] != VERSION
        || BigEndian.readInt(bytes, end) != checksum(bytes, end)) {
      throw invalid();
    }
    int keyLength = BigEndian.readUnsignedShort(bytes, 26);
    int rowKeyAt = HEAD_BYTES + keyLength;
    if (rowKeyAt > end) {
      throw invalid();
    }
    boolean hasRowKey = (bytes[1] & HAS_ROW_KEY) != 0;
    byte[] rowKey = hasRowKey ? Arrays.copyOfRange(bytes, rowKeyAt, end) : null;
    PagingState state =
        new PagingState(
            BigEndian.readLong(bytes, 2),
            Arrays.copyOfRange(bytes, HEAD_BYTES, rowKeyAt),
            rowKey,
            (bytes[1] & ROW_SEEN) != 0,
            BigEndian.readLong(bytes, 10),
            BigEndian.readLong(bytes, 18));
    // A checksum keeps out accidents, not a client that makes a state up.
    if (state.remaining <= 0
        || state.remainingInPartition < 0
        || (rowKey != null && Arrays.compareUnsigned(rowKey, RowKeys.highest()) >= 0)) {
      throw invalid();
    }
    return state;
  }

  private static RequestException invalid() {
    return new RequestException(
        ErrorCode.PROTOCOL_ERROR, "Invalid value for the paging state", new ErrorDetails.None());
  }

  private static int checksum(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }
}
