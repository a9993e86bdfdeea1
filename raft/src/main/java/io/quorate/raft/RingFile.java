package io.quorate.raft;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.quorate.environment.FileSystem;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/**
 * Says which ring a member belongs to, and so where its log is. The log of ring 0 is in the
 * member's directory itself, that of each later one in a directory of its own beside it; the logs
 * of rings that were given up stay where they are, for whoever wants to know what was lost.
 *
 * <pre>
 * directory   ring                         which one it is; replaced as a whole; none: ring 0
 *             snapshot, log-*.raft         of ring 0
 *             ring-0001-NONCE/             of ring 1: a snapshot and segments of its own
 *
 * ring        u32 magic "QRFR" | u16 version = 1 | u16 0 | ring, drawn at Ring | u32 crc32c
 * </pre>
 */
final class RingFile {
  private static final int MAGIC = 0x51524652;
  private static final int VERSION = 1;
  private static final int HEADER_BYTES = 8;

  private RingFile() {}

  private static Path path(Path directory) {
    return directory.resolve("ring");
  }

  /** Where the log of a ring is. */
  static Path logDirectory(Path directory, Ring ring) {
    return ring.number() == 0
        ? directory
        : directory.resolve(
            String.format(Locale.ROOT, "ring-%04d-%016x", ring.number(), ring.nonce()));
  }

  static Ring read(FileSystem files, Path directory) throws IOException {
    Path path = path(directory);
    if (!files.exists(path)) {
      return Ring.FIRST;
    }
    ByteBuffer bytes = ByteBuffer.wrap(files.readAll(path));
    int bodyBytes = bytes.limit() - 4;
    if (bodyBytes < HEADER_BYTES
        || bytes.getInt(bodyBytes) != DurableLog.crc(bytes.slice(0, bodyBytes))
        || bytes.getInt() != MAGIC) {
      throw new LogCorruption(path + " is damaged");
    }
    int version = bytes.getShort();
    if (version != VERSION) {
      throw new IOException(path + " has version " + version + ", this release reads " + VERSION);
    }
    bytes.getShort();
    try {
      return Ring.read(bytes);
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      throw new LogCorruption(path + " is damaged: " + e.getMessage());
    }
  }

  /** From the moment this returns, and no sooner, the member is of that ring. */
  static void write(FileSystem files, Path directory, Ring ring) throws IOException {
    ByteBuf out = Unpooled.buffer(128);
    out.writeInt(MAGIC).writeShort(VERSION).writeShort(0);
    ring.write(out);
    out.writeInt(DurableLog.crc(out, 0, out.writerIndex()));
    files.replace(path(directory), Arrays.copyOf(out.array(), out.writerIndex()));
  }
}
