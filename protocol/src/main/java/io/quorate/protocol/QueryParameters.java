package io.quorate.protocol;

import io.quorate.protocol.types.ByteSink;
import org.jspecify.annotations.Nullable;

/**
 * How a query or a prepared statement is to be executed.
 *
 * <pre>
 * consistency u16 | flags u8 (v4) or i32 (v5) | then as the flags say:
 * 01 values | 02 skip metadata: nothing | 04 i32 page size | 08 bytes paging state
 * 10 u16 serial consistency | 20 i64 timestamp | 40 the values have names
 * 80 string keyspace (v5) | 100 i32 now in seconds (v5)
 * </pre>
 *
 * <p>Native protocol v5, section 4.1.4.
 *
 * @param skipMetadata the client knows what the columns are
 * @param pageSize rows a page, 0 for no paging
 * @param timestampMicros {@link #NO_TIMESTAMP} for the server's clock
 * @param nowSeconds {@link #NO_NOW} for the server's clock
 */
@SuppressWarnings("ArrayRecordComponent") // messages are never compared
public record QueryParameters(
    ConsistencyLevel consistency,
    BoundValues values,
    boolean skipMetadata,
    int pageSize,
    byte @Nullable [] pagingState,
    ConsistencyLevel serialConsistency,
    long timestampMicros,
    @Nullable String keyspace,
    int nowSeconds) {

  public static final long NO_TIMESTAMP = Long.MIN_VALUE;
  public static final int NO_NOW = Integer.MIN_VALUE;

  private static final int VALUES = 0x01;
  private static final int SKIP_METADATA = 0x02;
  private static final int PAGE_SIZE = 0x04;
  private static final int PAGING_STATE = 0x08;
  private static final int SERIAL_CONSISTENCY = 0x10;
  private static final int TIMESTAMP = 0x20;
  private static final int NAMES = 0x40;
  private static final int KEYSPACE = 0x80;
  private static final int NOW = 0x100;

  /** No values, no paging, the server's clock. */
  public static QueryParameters of(ConsistencyLevel consistency) {
    return of(consistency, BoundValues.NONE);
  }

  public static QueryParameters of(ConsistencyLevel consistency, BoundValues values) {
    return of(consistency, values, false);
  }

  public static QueryParameters of(
      ConsistencyLevel consistency, BoundValues values, boolean skipMetadata) {
    return new QueryParameters(
        consistency,
        values,
        skipMetadata,
        0,
        null,
        ConsistencyLevel.SERIAL,
        NO_TIMESTAMP,
        null,
        NO_NOW);
  }

  /** These parameters, for the page that {@code state} leads to. */
  public QueryParameters withPage(int newPageSize, byte @Nullable [] state) {
    return new QueryParameters(
        consistency,
        values,
        skipMetadata,
        newPageSize,
        state,
        serialConsistency,
        timestampMicros,
        keyspace,
        nowSeconds);
  }

  /** These parameters with the values put in another order. */
  public QueryParameters withValues(BoundValues newValues) {
    return new QueryParameters(
        consistency,
        newValues,
        skipMetadata,
        pageSize,
        pagingState,
        serialConsistency,
        timestampMicros,
        keyspace,
        nowSeconds);
  }

  static QueryParameters read(MessageReader in, ProtocolVersion version) {
    ConsistencyLevel consistency = in.consistency();
    int flags = version == ProtocolVersion.V5 ? in.readInt() : in.unsignedByte();
    BoundValues values =
        (flags & VALUES) != 0 ? BoundValues.read(in, (flags & NAMES) != 0) : BoundValues.NONE;
    int pageSize = (flags & PAGE_SIZE) != 0 ? Math.max(0, in.readInt()) : 0;
    byte[] pagingState = (flags & PAGING_STATE) != 0 ? in.value() : null;
    ConsistencyLevel serial =
        (flags & SERIAL_CONSISTENCY) != 0 ? in.consistency() : ConsistencyLevel.SERIAL;
    if (!serial.isSerial()) {
      throw new ProtocolException("Invalid consistency level for a serial consistency: " + serial);
    }
    long timestamp = readTimestamp(in, (flags & TIMESTAMP) != 0);
    boolean isV5 = version == ProtocolVersion.V5;
    String keyspace = isV5 && (flags & KEYSPACE) != 0 ? in.string() : null;
    int now = isV5 && (flags & NOW) != 0 ? in.readInt() : NO_NOW;
    return new QueryParameters(
        consistency,
        values,
        (flags & SKIP_METADATA) != 0,
        pageSize,
        pagingState,
        serial,
        timestamp,
        keyspace,
        now);
  }

  void write(ProtocolVersion version, ByteSink out) {
    MessageWriter.consistency(consistency, out);
    boolean named = values.names() != null;
    boolean isV5 = version == ProtocolVersion.V5;
    int flags =
        (values.count() > 0 ? VALUES : 0)
            | (values.count() > 0 && named ? NAMES : 0)
            | (skipMetadata ? SKIP_METADATA : 0)
            | (pageSize > 0 ? PAGE_SIZE : 0)
            | (pagingState != null ? PAGING_STATE : 0)
            | SERIAL_CONSISTENCY
            | (timestampMicros != NO_TIMESTAMP ? TIMESTAMP : 0)
            | (isV5 && keyspace != null ? KEYSPACE : 0)
            | (isV5 && nowSeconds != NO_NOW ? NOW : 0);
    writeFlags(flags, version, out);
    if (values.count() > 0) {
      values.write(out);
    }
    if (pageSize > 0) {
      out.writeInt(pageSize);
    }
    if (pagingState != null) {
      MessageWriter.value(pagingState, out);
    }
    MessageWriter.consistency(serialConsistency, out);
    writeTail(isV5, out);
  }

  private void writeTail(boolean isV5, ByteSink out) {
    if (timestampMicros != NO_TIMESTAMP) {
      out.writeLong(timestampMicros);
    }
    if (isV5 && keyspace != null) {
      MessageWriter.string(keyspace, out);
    }
    if (isV5 && nowSeconds != NO_NOW) {
      out.writeInt(nowSeconds);
    }
  }

  private static long readTimestamp(MessageReader in, boolean present) {
    if (!present) {
      return NO_TIMESTAMP;
    }
    long timestamp = in.readLong();
    if (timestamp == NO_TIMESTAMP) {
      throw new ProtocolException(
          "Out of bound timestamp, must be in ["
              + (Long.MIN_VALUE + 1)
              + ", "
              + Long.MAX_VALUE
              + "] (got "
              + timestamp
              + ")");
    }
    return timestamp;
  }

  private static void writeFlags(int flags, ProtocolVersion version, ByteSink out) {
    if (version == ProtocolVersion.V5) {
      out.writeInt(flags);
    } else {
      out.writeByte(flags);
    }
  }

  /** Reads what ends a batch: the same parameters without values and pages. */
  static QueryParameters readOfBatch(MessageReader in, ProtocolVersion version) {
    ConsistencyLevel consistency = in.consistency();
    boolean isV5 = version == ProtocolVersion.V5;
    int flags = isV5 ? in.readInt() : in.unsignedByte();
    if ((flags & NAMES) != 0) {
      throw new ProtocolException("Named values in a batch are not supported");
    }
    ConsistencyLevel serial =
        (flags & SERIAL_CONSISTENCY) != 0 ? in.consistency() : ConsistencyLevel.SERIAL;
    long timestamp = readTimestamp(in, (flags & TIMESTAMP) != 0);
    String keyspace = isV5 && (flags & KEYSPACE) != 0 ? in.string() : null;
    int now = isV5 && (flags & NOW) != 0 ? in.readInt() : NO_NOW;
    return new QueryParameters(
        consistency, BoundValues.NONE, false, 0, null, serial, timestamp, keyspace, now);
  }

  void writeOfBatch(ProtocolVersion version, ByteSink out) {
    MessageWriter.consistency(consistency, out);
    boolean isV5 = version == ProtocolVersion.V5;
    writeFlags(
        SERIAL_CONSISTENCY
            | (timestampMicros != NO_TIMESTAMP ? TIMESTAMP : 0)
            | (isV5 && keyspace != null ? KEYSPACE : 0)
            | (isV5 && nowSeconds != NO_NOW ? NOW : 0),
        version,
        out);
    MessageWriter.consistency(serialConsistency, out);
    writeTail(isV5, out);
  }
}
