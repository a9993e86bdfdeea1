package io.quorate.sstable;

import io.quorate.environment.Clock;
import io.quorate.environment.Environment;
import io.quorate.environment.FileSystem;
import io.quorate.environment.FileSystem.StoredFile;
import io.quorate.sstable.CommitLogFormat.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads what the commit log of the last run holds, whichever shards wrote it. The last segment that
 * has records may end in a write that the power loss tore: replay stops there. Damage with valid
 * records behind it is copied to a file of its own, reported and passed over, so that one bad
 * sector does not keep a node from starting; what is lost is repaired from the replicas.
 *
 * <p>Replaying is idempotent, as applying a mutation is. Runs at start, off the shards.
 */
final class CommitLogReplay {
  private static final byte[] ZEROS = new byte[64 << 10];
  private static final byte[] NONE = {};

  /** How far {@link #replayNext} goes at once. */
  private static final int PAUSE_BYTES = 4 << 20;

  /** A larger read would take as much memory beside the heap, for each thread that reads. */
  private static final int READ_BYTES = 256 << 10;

  private static final int BEFORE = 0;
  private static final int DONE = -1;

  /** Takes the mutations. */
  interface Sink {
    void replayed(int generation, Mutation mutation);
  }

  private final FileSystem files;
  private final Path directory;
  private final Path quarantine;
  private final StorageEvents events;
  private final List<Segment> segments = new ArrayList<>();
  private final SegmentChain chain;
  private final Clock clock;
  private int firstThatMayBeTorn;
  private int nextSegment;

  /** What the segment holds that is being replayed, and where to go on in it. */
  private byte[] bytes = NONE;

  private int position = BEFORE;
  private long recordCount;
  private long setAsideCount;
  private long reportedAtNanos;

  CommitLogReplay(Environment environment, Path directory, Path quarantine, StorageEvents events)
      throws IOException {
    this.files = environment.files();
    this.clock = environment.clock();
    this.directory = directory;
    this.quarantine = quarantine;
    this.events = events;
    for (String name : files.list(directory)) {
      Segment segment = Segment.parse(directory, name);
      if (segment != null) {
        segments.add(segment);
      }
    }
    segments.sort(null);
    chain = new SegmentChain(files, segments);
  }

  /** Above the number of every segment that was found. */
  long nextSegmentId() {
    long greatest = 0;
    for (Segment segment : segments) {
      greatest = Math.max(greatest, segment.id());
    }
    return greatest + 1;
  }

  /** The last segment that has records; 0 when none has. */
  long lastRecordedId() {
    for (Segment segment : segments.reversed()) {
      if (chain.hasRecords(segment)) {
        return segment.id();
      }
    }
    return 0;
  }

  long recordCount() {
    return recordCount;
  }

  /** The segment of the mutation that is being delivered. */
  long segmentId() {
    return segments.get(nextSegment).id();
  }

  /** Damaged stretches, and records that could not be applied. */
  long setAsideCount() {
    return setAsideCount;
  }

  /** Begins to replay an archive, which starts and crashes have cut: any segment may end torn. */
  void beginArchive() {
    begin(0);
  }

  /** Begins to replay the log of the last run. */
  void begin() {
    int lastWithRecords = segments.size() - 1;
    while (lastWithRecords > 0 && !chain.hasRecords(segments.get(lastWithRecords))) {
      lastWithRecords--;
    }
    begin(lastWithRecords);
  }

  private void begin(int first) {
    reportedAtNanos = clock.nanos();
    firstThatMayBeTorn = first;
    nextSegment = 0;
    chain
        .lost()
        .forEach((id, successor) -> {
          setAsideCount++;
          Path missing = directory.resolve(CommitLogFormat.fileName(id));
          events.commitLogSegmentMissing(missing, successor.path());
        });
  }

  /** Replays on, a few megabytes; false when there is nothing left. */
  boolean replayNext(Sink sink) throws IOException {
    if (nextSegment >= segments.size()) {
      bytes = NONE;
      return false;
    }
    Segment segment = segments.get(nextSegment);
    if (position == BEFORE) {
      read(segment);
      position = begin(segment, bytes);
    }
    if (position != DONE) {
      position = replay(segment, sink);
    }
    if (position == DONE) {
      position = BEFORE;
      nextSegment++;
      report(nextSegment);
    }
    return true;
  }

  /** Most segments are of one size, and take the place of the one before. */
  private void read(Segment segment) throws IOException {
    try (StoredFile file = files.open(segment.path(), FileSystem.Mode.READ)) {
      int size = Math.toIntExact(file.size());
      if (bytes.length != size) {
        bytes = NONE;
        bytes = new byte[size];
      }
      for (int at = 0; at < size; at += READ_BYTES) {
        file.readFully(ByteBuffer.wrap(bytes, at, Math.min(READ_BYTES, size - at)), at);
      }
    }
  }

  private void report(int replayed) throws IOException {
    boolean end = replayed == segments.size() && recordCount > 0;
    if (end || clock.nanos() - reportedAtNanos > 1_000_000_000L) {
      reportedAtNanos = clock.nanos();
      long[] bytes = new long[2];
      for (int i = 0; i < segments.size(); i++) {
        long size = files.size(segments.get(i).path());
        bytes[0] += i < replayed ? size : 0;
        bytes[1] += size;
      }
      events.commitLogReplayed(bytes[0], bytes[1], recordCount);
    }
  }

  /** Deletes what was replayed, once it stands in SSTables and, where there is one, an archive. */
  void delete(@Nullable CommitLogArchive archive) throws IOException {
    for (Segment segment : segments) {
      if (archive != null && chain.hasRecords(segment)) {
        archive.add(segment.path());
      }
      files.delete(segment.path());
    }
    for (String name : files.list(directory)) {
      if (name.endsWith(CommitLogFormat.STAGED)) {
        files.delete(directory.resolve(name));
      }
    }
    if (!segments.isEmpty()) {
      files.syncDirectory(directory);
    }
  }

  /** Looks at a segment's header and tells where its records begin, or {@link #DONE}. */
  private int begin(Segment segment, byte[] bytes) throws IOException {
    refuseOtherVersions(segment, bytes);
    if (!headerIsValid(segment, bytes)) {
      if (nextRecord(segment, bytes, CommitLogFormat.HEADER_BYTES, bytes.length) < 0) {
        setAsideDamaged(segment, bytes, 0, bytes.length);
        return DONE;
      }
      setAsideDamaged(segment, bytes, 0, CommitLogFormat.HEADER_BYTES);
    }
    return CommitLogFormat.HEADER_BYTES;
  }

  /** Replays on in the segment that was read, and tells where to go on, or {@link #DONE}. */
  private int replay(Segment segment, Sink sink) throws IOException {
    int knownEnd = chain.endOf(segment);
    boolean mayBeTorn = knownEnd == SegmentChain.UNKNOWN && nextSegment >= firstThatMayBeTorn;
    int end = knownEnd == SegmentChain.UNKNOWN ? bytes.length : knownEnd;
    int pause = position + PAUSE_BYTES;
    int at = position;
    while (at < end && !isCutOff(segment, bytes, at)) {
      if (at >= pause) {
        return at;
      }
      if (headIsValid(segment, bytes, at) && payloadIsValid(bytes, at)) {
        int length = ByteReader.intAt(bytes, at);
        if (length != CommitLogFormat.BEGIN) {
          deliver(segment, bytes, at, sink);
        }
        at += CommitLogFormat.RECORD_HEAD_BYTES + CommitLogFormat.payloadBytes(length);
        continue;
      }
      int found = nextRecord(segment, bytes, at + 1, Math.min(end, bytes.length));
      if (found < 0) {
        if (!mayBeTorn && (knownEnd != SegmentChain.UNKNOWN || !isZero(bytes, at))) {
          setAsideDamaged(segment, bytes, at, Math.min(end, bytes.length));
        }
        return DONE;
      }
      setAsideDamaged(segment, bytes, at, found);
      at = found;
    }
    if (at < end) {
      setAsideDamaged(segment, bytes, at, bytes.length);
    }
    return DONE;
  }

  /**
   * Whether the file ends before its records do. It never does by itself: it has its whole size
   * before anything is written to it, and behind the last record room for the head of another.
   */
  private static boolean isCutOff(Segment segment, byte[] bytes, int position) {
    int left = bytes.length - position - CommitLogFormat.RECORD_HEAD_BYTES;
    if (left < 0) {
      return true;
    }
    int length = ByteReader.intAt(bytes, position);
    return length > left
        && ByteReader.intAt(bytes, position + 4)
            == CommitLogFormat.headCrc(segment.id(), position, length);
  }

  private static void refuseOtherVersions(Segment segment, byte[] bytes) throws IOException {
    ByteReader in = new ByteReader();
    if (bytes.length < CommitLogFormat.HEADER_BYTES) {
      return;
    }
    in.over(bytes, 0, CommitLogFormat.HEADER_BYTES);
    boolean valid =
        in.readInt() == CommitLogFormat.MAGIC
            && ByteReader.intAt(bytes, CommitLogFormat.HEADER_BYTES - 4)
                == CommitLogFormat.crc(bytes, 0, CommitLogFormat.HEADER_BYTES - 4);
    int version = in.readUnsignedShort();
    if (valid && version != CommitLogFormat.VERSION) {
      throw new IOException(
          segment.path() + " has version " + version + ", not " + CommitLogFormat.VERSION);
    }
  }

  private boolean headerIsValid(Segment segment, byte[] bytes) {
    return bytes.length >= CommitLogFormat.HEADER_BYTES
        && Arrays.equals(
            bytes,
            0,
            CommitLogFormat.HEADER_BYTES,
            CommitLogFormat.header(segment.id()),
            0,
            CommitLogFormat.HEADER_BYTES);
  }

  private static boolean headIsValid(Segment segment, byte[] bytes, int position) {
    int length = ByteReader.intAt(bytes, position);
    int payload = CommitLogFormat.payloadBytes(length);
    return payload > 0
        && payload <= bytes.length - position - CommitLogFormat.RECORD_HEAD_BYTES
        && ByteReader.intAt(bytes, position + 4)
            == CommitLogFormat.headCrc(segment.id(), position, length);
  }

  private static boolean payloadIsValid(byte[] bytes, int position) {
    int payload = CommitLogFormat.payloadBytes(ByteReader.intAt(bytes, position));
    return ByteReader.intAt(bytes, position + 8)
        == CommitLogFormat.crc(bytes, position + CommitLogFormat.RECORD_HEAD_BYTES, payload);
  }

  /** The next place before an end at which a whole record stands; -1 when there is none. */
  private static int nextRecord(Segment segment, byte[] bytes, int from, int end) {
    int last = end - CommitLogFormat.RECORD_HEAD_BYTES;
    for (int at = from; at <= last; at++) {
      if (bytes[at] == 0) {
        // A length has a byte that is not zero, and an unused segment is megabytes of them.
        at = Math.max(at, nextNonZero(bytes, at) - 3);
      }
      if (at <= last && headIsValid(segment, bytes, at) && payloadIsValid(bytes, at)) {
        return at;
      }
    }
    return -1;
  }

  private static int nextNonZero(byte[] bytes, int from) {
    for (int at = from; at < bytes.length; at += ZEROS.length) {
      int length = Math.min(ZEROS.length, bytes.length - at);
      int mismatch = Arrays.mismatch(bytes, at, at + length, ZEROS, 0, length);
      if (mismatch >= 0) {
        return at + mismatch;
      }
    }
    return bytes.length;
  }

  private void deliver(Segment segment, byte[] bytes, int position, Sink sink) throws IOException {
    int start = position + CommitLogFormat.RECORD_HEAD_BYTES;
    int end = start + ByteReader.intAt(bytes, position);
    int mutationStart = start + CommitLogFormat.GENERATION_BYTES;
    Mutation mutation;
    try {
      if (mutationStart >= end) {
        throw new MalformedException("it is too short");
      }
      mutation = Mutation.parse(Arrays.copyOfRange(bytes, mutationStart, end));
    } catch (MalformedException e) {
      // Its checksum holds, so it was written like this. It must not keep the node from starting.
      Path target = setAside(segment, bytes, position, end, ".unreadable");
      events.commitLogRecordUnreadable(
          segment.path(), position, String.valueOf(e.getMessage()), target);
      return;
    }
    recordCount++;
    sink.replayed(ByteReader.intAt(bytes, start), mutation);
  }

  private static boolean isZero(byte[] bytes, int position) {
    for (int i = position; i < position + CommitLogFormat.RECORD_HEAD_BYTES; i++) {
      if (bytes[i] != 0) {
        return false;
      }
    }
    return true;
  }

  private void setAsideDamaged(Segment segment, byte[] bytes, int from, int to) throws IOException {
    Path target = setAside(segment, bytes, from, to, ".damaged");
    events.commitLogDamaged(segment.path(), from, to - from, target);
  }

  private Path setAside(Segment segment, byte[] bytes, int from, int to, String suffix)
      throws IOException {
    Path target = quarantine.resolve(segment.path().getFileName() + "." + from + suffix);
    files.replace(target, Arrays.copyOfRange(bytes, from, to));
    setAsideCount++;
    return target;
  }
}
