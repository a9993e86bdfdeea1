package io.quorate.raft;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.quorate.environment.DiskFullException;
import io.quorate.environment.FileSystem;
import io.quorate.environment.FileSystem.Mode;
import io.quorate.environment.FileSystem.StoredFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A member's log, hard state and snapshot on disk. What {@link #append} returned from is durable.
 *
 * <pre>
 * directory   snapshot              the latest snapshot, replaced as a whole
 *             log-0000000001.raft   segments; the greatest number is written to
 *
 * segment     header | frame*
 * header      u32 magic "QRFL" | u16 version = 2 | u16 0 | u64 number | u32 crc32c of all before it
 * frame       u32 crc32c of the rest | u32 length of the payload | u64 sequence | payload
 * payload     item*, written with one sync
 * item        u8 1 | u64 term | u64 commit | u8 length, vote in UTF-8 (0: none)     hard state
 *             u8 2 | u64 term | u64 index | u32 length | command                    entry
 *             u8 3 | u64 index                                   the log restarts behind a snapshot
 *             u8 4 | u8 count | each: u8 length, name in UTF-8   voters before the first entry
 *             u8 5 | u64 term | u64 index | u32 length | configuration              entry
 *
 * snapshot    u32 magic "QRFS" | u16 version = 2 | u16 0 | u64 index | u64 term
 *             | u32 length | configuration | u32 length | data | u32 crc32c of all before it
 * </pre>
 *
 * <p>Sequences rise by one from frame to frame, across segments; each segment begins with the
 * initial voters and the hard state. Which voters there are now is said by the last item 5 behind
 * the snapshot, or else by the snapshot, or else by item 4. An entry replaces whatever was written
 * at and behind its index.
 *
 * <p>A frame is written only after the one before it is synced. So after a crash only the last
 * frame can be torn: it was not acknowledged, and is cut off. A bad frame with a good one behind it
 * is damage, and the log refuses to open.
 *
 * <p>Version 1 had no item 5 and no configuration in its snapshot: its voters were those of item 4
 * for ever. It is read as such, and goes on as version 2.
 *
 * <p>After a failed write or sync nothing more is written: which bytes the disk has is then
 * unknown. Only a write that found no space is cut off again, durably, and may be repeated.
 *
 * <p>Owned by the thread of the member's log; not thread-safe.
 */
final class DurableLog {
  static final int SEGMENT_MAGIC = 0x5152464C;
  static final int SNAPSHOT_MAGIC = 0x51524653;
  static final int VERSION = 2;
  static final int HEADER_BYTES = 20;
  static final int FRAME_HEADER_BYTES = 16;
  static final int SNAPSHOT_HEADER_BYTES = 24;
  static final byte HARD_STATE = 1;
  static final byte ENTRY = 2;
  static final byte RESTART = 3;
  static final byte VOTERS = 4;
  static final byte CONFIGURATION = 5;

  /** A closed segment: once the snapshot covers its last entry, it is of no use. */
  record Segment(Path path, long lastIndex) {}

  private final FileSystem files;
  private final Path directory;
  private final int segmentBytes;
  private final List<PeerId> initialVoters;
  private final ArrayDeque<Segment> closed;

  private long number;
  private long sequence;
  private HardState hardState;
  private long snapshotIndex;
  private long lastIndex;
  private @Nullable StoredFile active;
  private Path activePath;
  private long activeBytes;
  private boolean isPoisoned;

  /** Opens for writing what {@link LogRecovery} has read. */
  DurableLog(FileSystem files, Path directory, int segmentBytes, LogRecovery recovered)
      throws IOException {
    this.initialVoters = recovered.initialVoters();
    this.files = files;
    this.directory = directory;
    this.segmentBytes = segmentBytes;
    this.closed = new ArrayDeque<>(recovered.segments());
    this.number = recovered.lastNumber();
    this.sequence = recovered.lastSequence();
    this.hardState = recovered.hardState();
    this.snapshotIndex = recovered.snapshot().index();
    this.lastIndex = recovered.lastIndex();
    this.activePath = directory;
    // A new segment at each start: what was recovered is never written to again. When all that was
    // recovered is a snapshot, the entries in older segments, if any, do not lead up to it.
    startSegment(recovered.entries().isEmpty() && snapshotIndex > 0);
  }

  static Path segmentPath(Path directory, long number) {
    return directory.resolve(String.format(Locale.ROOT, "log-%010d.raft", number));
  }

  static Path snapshotPath(Path directory) {
    return directory.resolve("snapshot");
  }

  /**
   * Makes a ready's state durable: in one sync, unless it has a snapshot.
   *
   * @throws DiskFullException when there is no space; the log is as before, and the same can be
   *     asked for again
   */
  void append(@Nullable Snapshot snapshot, @Nullable HardState state, List<Entry> entries)
      throws IOException {
    checkSound();
    try {
      ByteBuf payload = Unpooled.buffer(64);
      if (snapshot != null) {
        // The term first: a snapshot later than its member's term would make no sense. But not what
        // is committed: without the snapshot other entries may stand there.
        HardState next = state == null ? hardState : state;
        writeHardState(payload, new HardState(next.term(), next.vote(), hardState.commit()));
        writeFrame(payload);
        payload.clear();
        writeSnapshot(snapshot);
        payload.writeByte(RESTART).writeLong(snapshot.index());
      }
      if (state != null) {
        writeHardState(payload, state);
      }
      for (Entry entry : entries) {
        byte item = entry.kind() == Entry.Kind.CONFIGURATION ? CONFIGURATION : ENTRY;
        payload.writeByte(item).writeLong(entry.term()).writeLong(entry.index());
        payload.writeInt(entry.command().length).writeBytes(entry.command());
      }
      writeFrame(payload);
      hardState = state == null ? hardState : state;
      lastIndex =
          !entries.isEmpty()
              ? entries.getLast().index()
              : snapshot == null ? lastIndex : snapshot.index();
      if (activeBytes >= segmentBytes) {
        beginNextSegment();
      }
    } catch (DiskFullException e) {
      throw e; // what was written of it is cut off again
    } catch (IOException | RuntimeException e) {
      isPoisoned = true;
      throw e;
    }
  }

  /**
   * Makes a snapshot of this member's own durable, and deletes segments that hold nothing behind
   * it. An older one than is there changes nothing.
   */
  void saveSnapshot(Snapshot snapshot) throws IOException {
    checkSound();
    try {
      if (snapshot.index() > snapshotIndex) {
        writeSnapshot(snapshot);
      }
      // Oldest first: whatever a crash leaves is a log without a gap.
      while (!closed.isEmpty() && closed.peekFirst().lastIndex() <= snapshotIndex) {
        files.delete(closed.removeFirst().path());
        files.syncDirectory(directory);
      }
    } catch (DiskFullException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      isPoisoned = true;
      throw e;
    }
  }

  void close() throws IOException {
    if (active != null) {
      active.close();
      active = null;
    }
  }

  private void checkSound() throws IOException {
    if (isPoisoned) {
      throw new IOException("the raft log in " + directory + " failed before and is closed");
    }
  }

  /** The segment is full; when there is no space for another one it goes on growing. */
  private void beginNextSegment() throws IOException {
    StoredFile full = Objects.requireNonNull(active, "the log was closed");
    Segment segment = new Segment(activePath, lastIndex);
    try {
      startSegment(false);
    } catch (DiskFullException e) {
      return;
    }
    full.close();
    closed.add(segment);
  }

  private void startSegment(boolean restartsBehindSnapshot) throws IOException {
    Path path = segmentPath(directory, number + 1);
    StoredFile file = files.open(path, Mode.CREATE);
    ByteBuf header = Unpooled.buffer(HEADER_BYTES);
    header.writeInt(SEGMENT_MAGIC).writeShort(VERSION).writeShort(0).writeLong(number + 1);
    header.writeInt(crc(header, 0, header.writerIndex()));
    ByteBuf payload = Unpooled.buffer(256);
    Configuration.write(payload.writeByte(VOTERS), initialVoters);
    writeHardState(payload, hardState);
    if (restartsBehindSnapshot) {
      payload.writeByte(RESTART).writeLong(snapshotIndex);
    }
    ByteBuf frame = frame(payload);
    try {
      file.write(header.nioBuffer(), 0);
      file.write(frame.nioBuffer(), HEADER_BYTES);
      file.sync();
      files.syncDirectory(directory);
    } catch (DiskFullException e) {
      file.close();
      files.delete(path);
      throw e;
    }
    number++;
    sequence++;
    active = file;
    activePath = path;
    activeBytes = (long) HEADER_BYTES + frame.readableBytes();
  }

  private static void writeHardState(ByteBuf out, HardState state) {
    out.writeByte(HARD_STATE).writeLong(state.term()).writeLong(state.commit());
    if (state.vote() == null) {
      out.writeByte(0);
    } else {
      writeName(out, state.vote());
    }
  }

  private static void writeName(ByteBuf out, PeerId peer) {
    byte[] name = peer.name().getBytes(StandardCharsets.UTF_8);
    out.writeByte(name.length).writeBytes(name);
  }

  private void writeFrame(ByteBuf payload) throws IOException {
    StoredFile file = Objects.requireNonNull(active, "the log was closed");
    ByteBuf frame = frame(payload);
    try {
      file.write(frame.nioBuffer(), activeBytes);
    } catch (DiskFullException e) {
      file.truncate(activeBytes);
      file.sync();
      throw e;
    }
    file.sync();
    sequence++;
    activeBytes += frame.readableBytes();
  }

  /** The next frame. */
  private ByteBuf frame(ByteBuf payload) {
    int length = payload.readableBytes();
    ByteBuf frame = Unpooled.buffer(FRAME_HEADER_BYTES + length);
    frame.writeInt(0).writeInt(length).writeLong(sequence + 1).writeBytes(payload);
    frame.setInt(0, crc(frame, 4, frame.writerIndex() - 4));
    return frame;
  }

  private void writeSnapshot(Snapshot snapshot) throws IOException {
    byte[] configuration = snapshot.configuration().encode();
    ByteBuf out = Unpooled.buffer(snapshot.data().length + configuration.length + 64);
    out.writeInt(SNAPSHOT_MAGIC).writeShort(VERSION).writeShort(0);
    out.writeLong(snapshot.index()).writeLong(snapshot.term());
    out.writeInt(configuration.length).writeBytes(configuration);
    out.writeInt(snapshot.data().length).writeBytes(snapshot.data());
    out.writeInt(crc(out, 0, out.writerIndex()));
    files.replace(snapshotPath(directory), Arrays.copyOf(out.array(), out.writerIndex()));
    snapshotIndex = snapshot.index();
  }

  static int crc(ByteBuf bytes, int from, int length) {
    return crc(bytes.nioBuffer(from, length));
  }

  static int crc(ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }
}
