package io.quorate.coordinator.metadata;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;

/** {@link TableOptions} as bytes: the components in their order. */
final class OptionsCodec {
  private OptionsCodec() {}

  static void write(DataOutputStream out, TableOptions options) throws IOException {
    out.writeUTF(options.comment());
    out.writeDouble(options.bloomFilterFpChance());
    writeMap(out, options.caching());
    out.writeBoolean(options.cdc());
    writeMap(out, options.compaction());
    writeMap(out, options.compression());
    out.writeDouble(options.crcCheckChance());
    out.writeInt(options.defaultTimeToLiveSeconds());
    out.writeInt(options.gcGraceSeconds());
    out.writeInt(options.memtableFlushPeriodMillis());
    out.writeInt(options.minIndexInterval());
    out.writeInt(options.maxIndexInterval());
    out.writeUTF(options.memtable());
    out.writeUTF(options.readRepair());
    out.writeUTF(options.speculativeRetry());
    out.writeUTF(options.additionalWritePolicy());
  }

  static TableOptions read(DataInputStream in) throws IOException {
    return new TableOptions(
        in.readUTF(),
        in.readDouble(),
        readMap(in),
        in.readBoolean(),
        readMap(in),
        readMap(in),
        in.readDouble(),
        in.readInt(),
        in.readInt(),
        in.readInt(),
        in.readInt(),
        in.readInt(),
        in.readUTF(),
        in.readUTF(),
        in.readUTF(),
        in.readUTF());
  }

  private static void writeMap(DataOutputStream out, Map<String, String> map) throws IOException {
    out.writeInt(map.size());
    for (Map.Entry<String, String> entry : map.entrySet()) {
      out.writeUTF(entry.getKey());
      out.writeUTF(entry.getValue());
    }
  }

  private static Map<String, String> readMap(DataInputStream in) throws IOException {
    Map<String, String> map = new TreeMap<>();
    for (int left = in.readInt(); left > 0; left--) {
      map.put(in.readUTF(), in.readUTF());
    }
    return map;
  }
}
