package io.quorate.coordinator;

import io.netty.buffer.ByteBuf;
import io.quorate.coordinator.Coordinator.PartitionRows;
import io.quorate.coordinator.Coordinator.RangeRows;
import io.quorate.sstable.FragmentValidator;
import io.quorate.sstable.RangePosition;
import io.quorate.sstable.ReadLimits;
import io.quorate.sstable.ReadResult;
import io.quorate.sstable.Slice;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Reads between nodes.
 *
 * <pre>
 *   read        := table 16 | token i64 | bytes key | limits
 *   range read  := table 16 | position | last token i64 | row limit u32 | limits
 *   limits      := flags u8 (1 static, 2 reversed) | live rows u32 | now i64 | slice count u16 | slice*
 *   slice       := bytes start | bytes end
 *   position    := token i64 | bytes key | bytes after row
 *   result      := live rows u32 | cut u8 | [bytes row reached, if cut] | fragment to the end
 *   range result:= next u8 | [position] | partition count u32 | partition*
 *   partition   := token i64 | bytes key | fragment length u32 | fragment
 *   bytes       := length u16 | bytes
 * </pre>
 */
final class ReadCodec {
  private static final int STATIC = 1;
  private static final int REVERSED = 2;

  private ReadCodec() {}

  static void write(ByteBuf out, UUID table, long token, byte[] key, ReadLimits limits) {
    writeUuid(out, table);
    out.writeLong(token);
    writeBytes(out, key);
    writeLimits(out, limits);
  }

  static void writeRange(ByteBuf out, RangeRead read) {
    writeUuid(out, read.table().id());
    writePosition(out, read.from());
    out.writeLong(read.lastToken());
    out.writeInt(read.rowLimit());
    writeLimits(out, read.limits());
  }

  static void writeUuid(ByteBuf out, UUID uuid) {
    out.writeLong(uuid.getMostSignificantBits());
    out.writeLong(uuid.getLeastSignificantBits());
  }

  static UUID readUuid(ByteBuf in) {
    return new UUID(in.readLong(), in.readLong());
  }

  static void writeBytes(ByteBuf out, byte[] bytes) {
    out.writeShort(bytes.length).writeBytes(bytes);
  }

  static byte[] readBytes(ByteBuf in) {
    byte[] bytes = new byte[in.readUnsignedShort()];
    in.readBytes(bytes);
    return bytes;
  }

  static void writeLimits(ByteBuf out, ReadLimits limits) {
    out.writeByte((limits.includeStatic() ? STATIC : 0) | (limits.reversed() ? REVERSED : 0));
    out.writeInt(limits.liveRows());
    out.writeLong(limits.nowSeconds());
    out.writeShort(limits.slices().size());
    for (Slice slice : limits.slices()) {
      writeBytes(out, slice.start());
      writeBytes(out, slice.end());
    }
  }

  static ReadLimits readLimits(ByteBuf in) {
    int flags = in.readByte();
    int liveRows = in.readInt();
    long nowSeconds = in.readLong();
    int count = in.readUnsignedShort();
    List<Slice> slices = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      slices.add(new Slice(readBytes(in), readBytes(in)));
    }
    return new ReadLimits(
        slices, (flags & STATIC) != 0, (flags & REVERSED) != 0, liveRows, nowSeconds);
  }

  static void writePosition(ByteBuf out, RangePosition position) {
    out.writeLong(position.token());
    writeBytes(out, position.key());
    writeBytes(out, position.afterRow());
  }

  static RangePosition readPosition(ByteBuf in) {
    return new RangePosition(in.readLong(), readBytes(in), readBytes(in));
  }

  static void writeResult(ByteBuf out, ReadResult result) {
    out.writeInt(result.liveRows());
    byte[] reached = result.reached();
    out.writeBoolean(reached != null);
    if (reached != null) {
      writeBytes(out, reached);
    }
    out.writeBytes(result.fragment());
  }

  static ReadResult readResult(ByteBuf in) {
    int liveRows = in.readInt();
    byte[] reached = in.readBoolean() ? readBytes(in) : null;
    byte[] fragment = new byte[in.readableBytes()];
    in.readBytes(fragment);
    FragmentValidator.validate(fragment, 0, fragment.length);
    return new ReadResult(fragment, liveRows, reached);
  }

  static void writeRows(ByteBuf out, RangeRows rows) {
    out.writeBoolean(rows.next() != null);
    if (rows.next() != null) {
      writePosition(out, rows.next());
    }
    out.writeInt(rows.partitions().size());
    for (PartitionRows partition : rows.partitions()) {
      out.writeLong(partition.token());
      writeBytes(out, partition.key());
      out.writeInt(partition.fragment().length);
      out.writeBytes(partition.fragment());
    }
  }

  static RangeRows readRows(ByteBuf in) {
    RangePosition next = in.readBoolean() ? readPosition(in) : null;
    int count = in.readInt();
    List<PartitionRows> partitions = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      long token = in.readLong();
      byte[] key = readBytes(in);
      byte[] fragment = new byte[Math.min(in.readInt(), in.readableBytes())];
      in.readBytes(fragment);
      FragmentValidator.validate(fragment, 0, fragment.length);
      partitions.add(new PartitionRows(token, key, fragment));
    }
    return new RangeRows(partitions, next);
  }
}
