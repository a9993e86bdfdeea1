package io.quorate.sstable;

import io.quorate.environment.Clock;
import io.quorate.environment.DiskFullException;
import io.quorate.environment.Environment;
import io.quorate.environment.FileSystem;
import io.quorate.environment.Invariant;
import io.quorate.sstable.CommitLogFormat.Segment;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Reads what the commit log of the last run holds, whichever shards wrote it, stretch by stretch.
 * Each stretch is gone through by as many as like to take part, on threads of their own, and each
 * takes the records of its tokens:
 *
 * <pre>
 * next()          the next few megabytes of a segment
 * deliver(sink)   from head to head; the sink's records are checked and handed over    each at
 * readAhead()     the next segment, if it is time                                      once
 * settle()        if anything was damaged: once more in order, to put it aside
 * </pre>
 *
 * <p>The last segment that has records may end in a write that the power loss tore: replay stops
 * there. Damage with valid records behind it is copied to a file of its own, reported and passed
 * over, so that one bad sector does not keep a node from starting; what is lost is repaired from
 * the replicas.
 *
 * <p>Replaying is idempotent, as applying a mutation is. Runs at start, off the shards.
 */
final class CommitLogReplay {
  private static final byte[] NOTHING = {};

  /** How long a stretch is. */
  private static final int STRETCH_BYTES = 8 << 20;

  /** A longer segment is read when its turn comes, so that there are not two in memory. */
  private static final int LONGEST_READ_AHEAD = 64 << 20;

  private static final int UNDECIDED = -1;

  /** In place of a position: there is nothing more in the segment. */
  private static final int DONE = Integer.MAX_VALUE;

  /** Takes the mutations of some tokens. */
  interface Sink {

    /** Whether it is for this sink, of those that share a log; it must be for one of them. */
    default boolean isFor(long token) {
      return true;
    }

    void replayed(long segmentId, int generation, Mutation mutation);
  }

  /** A search for the next record in a segment, and what it found. */
  private record Search(SegmentBytes segment, int from, int found) {}

  private final FileSystem files;
  private final Path directory;
  private final Path quarantine;
  private final StorageEvents events;
  private final List<Segment> segments = new ArrayList<>();
  private final SegmentChain chain;
  private final Clock clock;
  private int firstThatMayBeTorn;

  /** The segment that is being replayed, by its place in the list. */
  private int current = -1;

  private @Nullable SegmentBytes content;

  /** The segment behind it, when it was read already. */
  private @Nullable SegmentBytes ahead;

  /** Of a segment that is done with. */
  private byte[] spare = NOTHING;

  /** Up to where the segment is good, when the one behind it says so; else its length. */
  private int end;

  private boolean isEndKnown;

  private int stretchStart;

  /** Up to where the segment has records, when all were gone through. */
  private volatile int recordsEnd;

  /** The same of the last segment that has any. */
  private int lastRecordsEnd;

  /** Where the next stretch begins, when somebody came there. */
  private final AtomicInteger stretchEnd = new AtomicInteger();

  private final AtomicBoolean isDamaged = new AtomicBoolean();

  /** Up to where damage was put aside. */
  private int settledTo;

  /** The last of them; it may go through megabytes that a file of a former life held. */
  private volatile @Nullable Search lastSearch;

  private final AtomicLong recordCount = new AtomicLong();
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

  /** Mutations that were delivered. */
  long recordCount() {
    return recordCount.get();
  }

  /** Damaged stretches, and records that could not be applied. */
  long setAsideCount() {
    return setAsideCount;
  }

  // ---- stretches ----

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
    chain
        .lost()
        .forEach((id, successor) -> {
          setAsideCount++;
          Path missing = directory.resolve(CommitLogFormat.fileName(id));
          events.commitLogSegmentMissing(missing, successor.path());
        });
  }

  /** Goes on to the next stretch; false when there is nothing left. */
  boolean next() throws IOException {
    SegmentBytes segment = content;
    if (segment != null && stretchEnd.get() != DONE) {
      stretchStart = stretchEnd.get();
    } else {
      segment = nextSegment();
      if (segment == null) {
        return false;
      }
      stretchStart = begin(segment);
    }
    stretchEnd.set(UNDECIDED);
    return true;
  }

  private @Nullable SegmentBytes nextSegment() throws IOException {
    if (current >= 0) {
      report(current + 1);
    }
    SegmentBytes before = content;
    if (before != null) {
      if (chain.hasRecords(before.segment())) {
        lastRecordsEnd = recordsEnd;
      }
      spare = before.room();
      content = null;
      lastSearch = null;
    }
    if (current + 1 >= segments.size()) {
      return null;
    }
    SegmentBytes next = ahead == null ? read(current + 1) : ahead;
    ahead = null;
    current++;
    content = next;
    int known = chain.endOf(next.segment());
    isEndKnown = known != SegmentChain.UNKNOWN;
    end = isEndKnown ? known : next.length();
    settledTo = 0;
    return next;
  }

  private SegmentBytes read(int number) throws IOException {
    byte[] room = spare;
    spare = NOTHING;
    return SegmentBytes.read(files, segments.get(number), room);
  }

  /** Reads the next segment while this one is being replayed, when that is worth the memory. */
  void readAhead() throws IOException {
    int next = current + 1;
    if (ahead == null
        && next < segments.size()
        && files.size(segments.get(next).path()) <= LONGEST_READ_AHEAD) {
      ahead = read(next);
    }
  }

  /** Looks at a segment's header and tells where its records begin. */
  private int begin(SegmentBytes segment) throws IOException {
    segment.refuseOtherVersions();
    if (!segment.headerIsValid()) {
      if (segment.nextRecord(CommitLogFormat.HEADER_BYTES, segment.length()) < 0) {
        setAsideDamaged(segment, 0, segment.length());
        return DONE;
      }
      setAsideDamaged(segment, 0, CommitLogFormat.HEADER_BYTES);
    }
    return CommitLogFormat.HEADER_BYTES;
  }

  /**
   * Delivers a sink's records of this stretch. Each sink is to be asked for once; they may be at
   * work at the same time.
   */
  void deliver(Sink sink) {
    SegmentBytes segment = Objects.requireNonNull(content, "next() was true");
    long pause = (long) stretchStart + STRETCH_BYTES;
    long delivered = 0;
    int at = stretchStart;
    int good = at;
    while (at < end && at < pause) {
      if (segment.isCutOff(at)) {
        isDamaged.set(true);
        at = DONE;
      } else if (segment.headIsValid(at)) {
        if (segment.isBegin(at)) {
          isDamaged.compareAndSet(false, !segment.payloadIsValid(at));
        } else if (sink.isFor(segment.token(at)) && deliver(segment, at, sink)) {
          delivered++;
        }
        at = segment.endOf(at);
        good = at;
      } else {
        int found = nextRecord(segment, at);
        if (found >= 0 || isEndKnown || !segment.isBlank(at)) {
          isDamaged.set(true);
        }
        at = found < 0 ? DONE : found;
      }
    }
    recordCount.addAndGet(delivered);
    int reached = at < end ? at : DONE;
    if (reached == DONE) {
      recordsEnd = good;
    }
    int others = stretchEnd.getAndSet(reached);
    Invariant.check(others == UNDECIDED || others == reached, "all go from head to head");
  }

  /** Behind what is none; -1 when there is none before the end. */
  private int nextRecord(SegmentBytes segment, int at) {
    Search search = lastSearch;
    if (search == null || search.segment() != segment || search.from() != at) {
      search = new Search(segment, at, segment.nextRecord(at + 1, end));
      lastSearch = search;
    }
    return search.found();
  }

  private boolean deliver(SegmentBytes segment, int at, Sink sink) {
    Mutation mutation = segment.payloadIsValid(at) ? readable(segment, at) : null;
    if (mutation == null) {
      isDamaged.set(true);
      return false;
    }
    sink.replayed(segment.segment().id(), segment.generation(at), mutation);
    return true;
  }

  /** Null when it is none, which is told of when damage is put aside. */
  private static @Nullable Mutation readable(SegmentBytes segment, int at) {
    try {
      return segment.mutation(at);
    } catch (MalformedException e) {
      return null;
    }
  }

  private void report(int replayed) throws IOException {
    boolean isLast = replayed == segments.size() && recordCount() > 0;
    if (isLast || clock.nanos() - reportedAtNanos > 1_000_000_000L) {
      reportedAtNanos = clock.nanos();
      long[] bytes = new long[2];
      for (int i = 0; i < segments.size(); i++) {
        long size = files.size(segments.get(i).path());
        bytes[0] += i < replayed ? size : 0;
        bytes[1] += size;
      }
      events.commitLogReplayed(bytes[0], bytes[1], recordCount());
    }
  }

  // ---- damage ----

  /** Puts aside what was found damaged in the stretch that all sinks have gone through. */
  void settle() throws IOException {
    if (!isDamaged.getAndSet(false)) {
      return;
    }
    SegmentBytes segment = Objects.requireNonNull(content, "next() was true");
    int at = Math.max(stretchStart, settledTo);
    int good = at;
    while (at < end && at < stretchEnd.get()) {
      if (segment.isCutOff(at)) {
        setAsideDamaged(segment, at, segment.length());
        at = DONE;
      } else if (segment.headIsValid(at) && segment.payloadIsValid(at)) {
        if (!segment.isBegin(at)) {
          setAsideUnreadable(segment, at);
        }
        at = segment.endOf(at);
        good = at;
      } else {
        at = settleDamage(segment, at);
      }
    }
    if (at == DONE) {
      // A record whose head only reached the disk is none.
      recordsEnd = good;
    }
    settledTo = at;
  }

  /** Puts aside what is no record, up to the next that is one, and tells where that is. */
  private int settleDamage(SegmentBytes segment, int at) throws IOException {
    int found = nextRecord(segment, at);
    if (found >= 0) {
      setAsideDamaged(segment, at, found);
      return found;
    }
    boolean mayBeTorn = !isEndKnown && current >= firstThatMayBeTorn;
    if (!mayBeTorn && (isEndKnown || !segment.isBlank(at))) {
      setAsideDamaged(segment, at, Math.min(end, segment.length()));
    }
    return DONE;
  }

  /** Its checksum holds, so it was written like this. It must not keep the node from starting. */
  private void setAsideUnreadable(SegmentBytes segment, int at) throws IOException {
    try {
      segment.mutation(at);
    } catch (MalformedException e) {
      Path target = setAside(segment, at, segment.endOf(at), ".unreadable");
      events.commitLogRecordUnreadable(
          segment.segment().path(), at, String.valueOf(e.getMessage()), target);
    }
  }

  private void setAsideDamaged(SegmentBytes segment, int from, int to) throws IOException {
    Path target = setAside(segment, from, to, ".damaged");
    events.commitLogDamaged(segment.segment().path(), from, to - from, target);
  }

  private Path setAside(SegmentBytes segment, int from, int to, String suffix) throws IOException {
    Path target = quarantine.resolve(segment.segment().path().getFileName() + "." + from + suffix);
    files.replace(target, segment.copy(from, to));
    setAsideCount++;
    return target;
  }

  // ---- the end ----

  /** Deletes what was replayed, once it stands in SSTables and, where there is one, an archive. */
  void delete(@Nullable CommitLogArchive archive) throws IOException {
    for (Segment segment : segments) {
      if (archive != null && chain.hasRecords(segment)) {
        archive.add(segment.path());
      }
      files.delete(segment.path());
    }
    deleteStaged();
    if (!segments.isEmpty()) {
      files.syncDirectory(directory);
    }
  }

  private void deleteStaged() throws IOException {
    for (String name : files.list(directory)) {
      if (name.endsWith(CommitLogFormat.STAGED)) {
        files.delete(directory.resolve(name));
      }
    }
  }

  /** Nothing was damaged or is missing, and the last segment has a whole beginning. */
  boolean mayBeKept() {
    return setAsideCount == 0 && lastRecordsEnd >= CommitLogFormat.FIRST_RECORD;
  }

  /**
   * Leaves what was replayed to the log that begins now. Of the end of the last segment it is not
   * known whether it was ever synced; but readers will see what it holds, so it is written anew,
   * and what a power loss had torn behind it goes.
   *
   * @throws DiskFullException when there is no room for that
   */
  EarlierSegments keep() throws IOException {
    Invariant.check(mayBeKept(), "what is damaged is not kept");
    for (Segment segment : List.copyOf(segments)) {
      if (!chain.hasRecords(segment)) {
        files.delete(segment.path());
        segments.remove(segment);
      }
    }
    deleteStaged();
    Segment last = segments.getLast();
    byte[] bytes = SegmentBytes.read(files, last, spare).copy(0, lastRecordsEnd);
    spare = NOTHING;
    int blocks = lastRecordsEnd + CommitLogFormat.RECORD_HEAD_BYTES + FileSystem.BLOCK_BYTES - 1;
    try {
      files.replace(last.path(), Arrays.copyOf(bytes, blocks & -FileSystem.BLOCK_BYTES));
    } catch (DiskFullException e) {
      deleteStaged();
      throw e;
    }
    return new EarlierSegments(segments, lastRecordsEnd);
  }
}
