package io.quorate.raft;

import static io.quorate.raft.DurableLog.CONFIGURATION;
import static io.quorate.raft.DurableLog.ENTRY;
import static io.quorate.raft.DurableLog.FRAME_HEADER_BYTES;
import static io.quorate.raft.DurableLog.HARD_STATE;
import static io.quorate.raft.DurableLog.HEADER_BYTES;
import static io.quorate.raft.DurableLog.RESTART;
import static io.quorate.raft.DurableLog.SEGMENT_MAGIC;
import static io.quorate.raft.DurableLog.SNAPSHOT_HEADER_BYTES;
import static io.quorate.raft.DurableLog.SNAPSHOT_MAGIC;
import static io.quorate.raft.DurableLog.VERSION;
import static io.quorate.raft.DurableLog.VOTERS;

import io.quorate.environment.FileSystem;
import io.quorate.environment.FileSystem.Mode;
import io.quorate.environment.FileSystem.StoredFile;
import io.quorate.raft.DurableLog.Segment;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads what a {@link DurableLog} wrote, after any crash: the snapshot, the hard state, and the
 * entries behind the snapshot. Formats are drawn there. Used once, on the thread of the log.
 */
final class LogRecovery {
  /** A later frame's sequence is looked for this far ahead, to tell damage from a torn end. */
  private static final long SEARCH_SEQUENCES = 1L << 32;

  private final FileSystem files;
  private final Path directory;
  private final List<Segment> segments = new ArrayList<>();
  private final List<Entry> entries = new ArrayList<>();

  /** Of the ring before its first entry: as written, or as configured when nothing is written. */
  private List<PeerId> initialVoters;

  private Snapshot snapshot;
  private boolean snapshotLacksConfiguration;
  private HardState hardState = HardState.INITIAL;
  private long lastNumber;
  private long lastSequence;

  /** The last entry written, whether or not the snapshot covers it; 0 when there is none. */
  private long lastIndex;

  private LogRecovery(FileSystem files, Path directory, List<PeerId> configured) {
    this.files = files;
    this.directory = directory;
    this.initialVoters = List.copyOf(configured);
    this.snapshot = Snapshot.initial(Configuration.of(configured));
  }

  /**
   * @param configured the initial voters, if nothing was written here before
   * @throws LogCorruption when something that had been synced is missing or altered
   */
  static LogRecovery read(FileSystem files, Path directory, List<PeerId> configured)
      throws IOException {
    files.createDirectories(directory);
    LogRecovery recovery = new LogRecovery(files, directory, configured);
    recovery.readSnapshot();
    recovery.readSegments();
    recovery.completeSnapshot();
    recovery.attachToSnapshot();
    return recovery;
  }

  Snapshot snapshot() {
    return snapshot;
  }

  HardState hardState() {
    return hardState;
  }

  /** The entries behind the snapshot. */
  List<Entry> entries() {
    return List.copyOf(entries);
  }

  List<PeerId> initialVoters() {
    return initialVoters;
  }

  List<Segment> segments() {
    return List.copyOf(segments);
  }

  long lastNumber() {
    return lastNumber;
  }

  long lastSequence() {
    return lastSequence;
  }

  long lastIndex() {
    return Math.max(lastIndex, snapshot.index());
  }

  private void readSnapshot() throws IOException {
    Path path = DurableLog.snapshotPath(directory);
    if (!files.exists(path)) {
      return;
    }
    ByteBuffer bytes = ByteBuffer.wrap(files.readAll(path));
    int bodyBytes = bytes.limit() - 4;
    if (bodyBytes < SNAPSHOT_HEADER_BYTES
        || bytes.getInt(bodyBytes) != DurableLog.crc(bytes.slice(0, bodyBytes))) {
      throw new LogCorruption(path + " fails its checksum");
    }
    int version = checkMagic(path, bytes, SNAPSHOT_MAGIC);
    long index = bytes.getLong();
    long term = bytes.getLong();
    snapshotLacksConfiguration = version == 1;
    Configuration configuration =
        snapshotLacksConfiguration
            ? snapshot.configuration()
            : configuration(path, readBytes(bytes));
    snapshot = new Snapshot(index, term, configuration, readBytes(bytes));
  }

  /** An empty snapshot, and one of version 1, has the voters that the segments begin with. */
  private void completeSnapshot() {
    if (snapshot.isEmpty() || snapshotLacksConfiguration) {
      Configuration initial = Configuration.of(initialVoters);
      snapshot = new Snapshot(snapshot.index(), snapshot.term(), initial, snapshot.data());
    }
  }

  private static Configuration configuration(Path path, byte[] bytes) throws LogCorruption {
    try {
      return Configuration.decode(bytes);
    } catch (IllegalArgumentException e) {
      throw new LogCorruption(path + " has no sound configuration: " + e.getMessage());
    }
  }

  private static byte[] readBytes(ByteBuffer in) {
    byte[] bytes = new byte[in.getInt()];
    in.get(bytes);
    return bytes;
  }

  /** The version, which is one that this release reads. */
  private static int checkMagic(Path path, ByteBuffer bytes, int magic) throws IOException {
    if (bytes.getInt() != magic) {
      throw new LogCorruption(path + " is not a raft file of its kind");
    }
    int version = bytes.getShort();
    if (version < 1 || version > VERSION) {
      throw new IOException(
          path + " has version " + version + ", this release reads 1 to " + VERSION);
    }
    bytes.getShort();
    return version;
  }

  private void readSegments() throws IOException {
    List<String> names = new ArrayList<>();
    for (String name : files.list(directory)) {
      if (name.startsWith("log-") && name.endsWith(".raft")) {
        names.add(name);
      }
    }
    for (int i = 0; i < names.size(); i++) {
      readSegment(directory.resolve(names.get(i)), i == 0, i == names.size() - 1);
    }
  }

  private void readSegment(Path path, boolean isFirst, boolean isLast) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(files.readAll(path));
    if (bytes.limit() < HEADER_BYTES
        || bytes.getInt(HEADER_BYTES - 4) != DurableLog.crc(bytes.slice(0, HEADER_BYTES - 4))) {
      if (isLast && !hasLaterFrame(bytes, 0)) {
        // The start of a new segment was interrupted: nothing in it was acknowledged.
        files.delete(path);
        files.syncDirectory(directory);
        return;
      }
      throw new LogCorruption(path + " has a damaged header");
    }
    checkMagic(path, bytes, SEGMENT_MAGIC);
    long number = bytes.getLong();
    if (!isFirst && number != lastNumber + 1) {
      throw new LogCorruption(
          "raft log segment " + (lastNumber + 1) + " is missing before " + path);
    }
    lastNumber = number;
    int at = HEADER_BYTES;
    while (at < bytes.limit()) {
      ByteBuffer payload = frameAt(bytes, at, isFirst && at == HEADER_BYTES);
      if (payload == null) {
        if (!isLast || hasLaterFrame(bytes, at)) {
          throw new LogCorruption(path + " is damaged at byte " + at);
        }
        truncate(path, at);
        break;
      }
      lastSequence = bytes.getLong(at + 8);
      at += FRAME_HEADER_BYTES + payload.remaining();
      readItems(path, payload);
    }
    segments.add(new Segment(path, lastIndex));
  }

  /** The payload of the frame at a place, or null when there is no sound frame. */
  private @Nullable ByteBuffer frameAt(ByteBuffer bytes, int at, boolean anySequence) {
    if (bytes.limit() - at < FRAME_HEADER_BYTES) {
      return null;
    }
    int length = bytes.getInt(at + 4);
    long sequence = bytes.getLong(at + 8);
    boolean follows = anySequence || sequence == lastSequence + 1;
    if (!follows || length < 0 || length > bytes.limit() - at - FRAME_HEADER_BYTES) {
      return null;
    }
    if (bytes.getInt(at) != DurableLog.crc(bytes.slice(at + 4, length + FRAME_HEADER_BYTES - 4))) {
      return null;
    }
    return bytes.slice(at + FRAME_HEADER_BYTES, length);
  }

  /** Whether a sound frame with a later sequence starts anywhere behind a bad one. */
  private boolean hasLaterFrame(ByteBuffer bytes, int bad) {
    for (int at = bad + 1; at <= bytes.limit() - FRAME_HEADER_BYTES; at++) {
      int length = bytes.getInt(at + 4);
      long ahead = bytes.getLong(at + 8) - lastSequence;
      if (ahead > 1
          && ahead < SEARCH_SEQUENCES
          && length >= 0
          && length <= bytes.limit() - at - FRAME_HEADER_BYTES
          && bytes.getInt(at)
              == DurableLog.crc(bytes.slice(at + 4, length + FRAME_HEADER_BYTES - 4))) {
        return true;
      }
    }
    return false;
  }

  private void truncate(Path path, int sizeBytes) throws IOException {
    try (StoredFile file = files.open(path, Mode.READ_WRITE)) {
      file.truncate(sizeBytes);
      file.sync();
    }
  }

  private void readItems(Path path, ByteBuffer payload) throws IOException {
    try {
      while (payload.hasRemaining()) {
        byte kind = payload.get();
        switch (kind) {
          case HARD_STATE -> {
            long term = payload.getLong();
            long commit = payload.getLong();
            String vote = readName(payload);
            hardState = new HardState(term, vote.isEmpty() ? null : new PeerId(vote), commit);
          }
          case ENTRY -> {
            long term = payload.getLong();
            long index = payload.getLong();
            add(path, new Entry(term, index, readBytes(payload)));
          }
          case CONFIGURATION -> {
            long term = payload.getLong();
            long index = payload.getLong();
            add(path, Entry.of(term, index, configuration(path, readBytes(payload))));
          }
          case RESTART -> {
            entries.clear();
            lastIndex = payload.getLong();
            if (lastIndex > snapshot.index()) {
              // The snapshot is written first.
              throw new LogCorruption(
                  DurableLog.snapshotPath(directory)
                      + " is missing or older than "
                      + path
                      + ", which goes on behind entry "
                      + lastIndex);
            }
          }
          case VOTERS -> initialVoters = List.copyOf(Configuration.read(payload));
          default -> throw new LogCorruption(path + " has an item of unknown kind " + kind);
        }
      }
    } catch (BufferUnderflowException | NegativeArraySizeException e) {
      throw new LogCorruption(path + " has a frame that ends within an item");
    }
  }

  private static String readName(ByteBuffer payload) {
    byte[] name = new byte[Byte.toUnsignedInt(payload.get())];
    payload.get(name);
    return new String(name, StandardCharsets.UTF_8);
  }

  private void add(Path path, Entry entry) throws LogCorruption {
    while (!entries.isEmpty() && entries.getLast().index() >= entry.index()) {
      entries.removeLast();
    }
    boolean follows =
        entries.isEmpty()
            ? entry.index() <= Math.max(snapshot.index(), lastIndex) + 1
            : entry.index() == entries.getLast().index() + 1;
    if (!follows) {
      throw new LogCorruption(path + " has entry " + entry.index() + " behind " + lastIndex);
    }
    entries.add(entry);
    lastIndex = entry.index();
  }

  /** Drops what the snapshot covers, and what does not continue it. */
  private void attachToSnapshot() throws LogCorruption {
    boolean continues = true;
    for (Entry entry : entries) {
      if (entry.index() == snapshot.index()) {
        // A leader's snapshot came to disk and the restart record did not: another history.
        continues = entry.term() == snapshot.term();
      }
    }
    if (!continues) {
      entries.clear();
    }
    entries.removeIf(entry -> entry.index() <= snapshot.index());
    if (!entries.isEmpty() && entries.getFirst().index() != snapshot.index() + 1) {
      throw new LogCorruption(
          directory + " lacks the entries between its snapshot and " + entries.getFirst());
    }
  }
}
