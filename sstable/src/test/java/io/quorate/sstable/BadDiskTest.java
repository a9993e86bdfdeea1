package io.quorate.sstable;

import static io.quorate.sstable.EngineFixture.DIRECTORY;
import static io.quorate.sstable.EngineFixture.TABLE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.environment.FileSystem.Mode;
import io.quorate.environment.FileSystem.Operation;
import io.quorate.environment.FileSystem.StoredFile;
import io.quorate.environment.simulated.SimulatedFileSystem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Whatever a disk does to a node, a client must not get a wrong answer for it. The rows of the
 * tables are those of docs/failures.md.
 */
class BadDiskTest {
  private static final UUID OTHER = new UUID(8, 8);
  private static final long SECOND = 1_000_000_000L;
  private static final int KEYS = 30;
  private static final String MISSING = "(no row)";

  /** Without a cache, so that each read goes to the disk. */
  private static final EngineOptions UNCACHED =
      new EngineOptions(
          SyncMode.GROUP, 1_000, 16 << 10, 64 << 10, 4 << 20, 3_600_000, 0, 0, ReadEffort.DEFAULT);

  private EngineFixture fixture;
  private SimulatedFileSystem disk;

  /** By table and key: what was acknowledged last, and what may have come after it. */
  private final Map<UUID, Map<String, Set<String>>> model = new TreeMap<>();

  private int writes;

  /** A file, or a part of one. */
  enum Kind {
    SSTABLE_DATA,
    SSTABLE_FILTER,
    SSTABLE_STATISTICS,
    SSTABLE_INDEX,
    SSTABLE_FOOTER,
    TABLE_MANIFEST,
    OLDEST_SEGMENT,
    NEWEST_SEGMENT,
    SNAPSHOT_MANIFEST
  }

  /** What becomes of it. */
  enum Harm {
    /** One bit is another one. */
    FLIPPED,
    /** It ends in the middle. */
    HALVED,
    /** It is there and empty. */
    EMPTIED,
    /** It is not there. */
    LOST,
    /** It cannot be opened. */
    UNOPENED,
    /** It cannot be read. */
    UNREAD
  }

  /** What a start makes of it. */
  enum Outcome {
    /** It serves all that it had. */
    SERVES,
    /** It serves; reads that may need the file are refused. */
    REFUSES_READS,
    /** It serves without what was lost, and reports that. */
    REPORTS_LOSS,
    /** It does not start, names the file, and leaves everything as it was. */
    STOPS
  }

  @BeforeEach
  void populate() throws IOException {
    fixture = new EngineFixture(UNCACHED, 2);
    disk = fixture.host.disk();
    TableSettings quiet =
        TableSettings.DEFAULT.withCompaction(
            new CompactionSettings(
                Map.of("class", "SizeTieredCompactionStrategy", "min_threshold", "32")));
    for (UUID table : List.of(TABLE, OTHER)) {
      model.put(table, new TreeMap<>());
      fixture.createTable(table, quiet);
      for (int i = 0; i < KEYS; i++) {
        rows(table).put("key" + i, new TreeSet<>(Set.of(MISSING)));
        putAcknowledged(table, "key" + i);
      }
      fixture.succeed(done -> fixture.engine.flush(table, done));
    }
    fixture.snapshot("monday");
    for (int i = 0; i < KEYS; i++) {
      putAcknowledged(TABLE, "key" + i);
    }
  }

  private Map<String, Set<String>> rows(UUID table) {
    return Objects.requireNonNull(model.get(table));
  }

  private Set<String> possible(UUID table, String key) {
    return Objects.requireNonNull(rows(table).get(key));
  }

  private void putAcknowledged(UUID table, String key) {
    put(table, key);
    assertThat(possible(table, key)).as("it was acknowledged").hasSize(1);
  }

  /** Writes, and notes what reads may answer from now on. */
  private void put(UUID table, String key) {
    String value = writes++ + "-" + "x".repeat(1_000);
    Set<String> possible = possible(table, key);
    switch (fixture.put(table, key, value)) {
      case ApplyOutcome.Applied done -> {
        possible.clear();
        possible.add(value);
      }
      case ApplyOutcome.Unavailable refused -> {
        assertThat(refused.reason()).contains(DIRECTORY.toString());
        possible.add(value);
      }
      case ApplyOutcome.Overloaded refused -> {}
      case ApplyOutcome other -> throw new AssertionError("unexpected: " + other);
    }
  }

  /** Reads everything; how many reads were refused, each with the name of a file. */
  private int refusedReads(UUID table) {
    int refused = 0;
    for (String key : rows(table).keySet()) {
      switch (fixture.read(table, key)) {
        case ReadFailure failure -> {
          assertThat(failure.message()).contains(DIRECTORY.toString());
          refused++;
        }
        case ReadResult result -> {
          String value = EngineFixture.value(result);
          assertThat(possible(table, key)).contains(value == null ? MISSING : value);
        }
      }
    }
    return refused;
  }

  private Path file(Kind kind) throws IOException {
    List<Path> candidates =
        switch (kind) {
          case TABLE_MANIFEST -> fixture.files("/tables/" + TABLE + "/MANIFEST");
          case SNAPSHOT_MANIFEST -> fixture.files("/snapshots/monday/MANIFEST");
          case OLDEST_SEGMENT, NEWEST_SEGMENT -> segmentsWithRecords();
          default ->
              fixture.files("/tables/" + TABLE + "/").stream()
                  .filter(BadDiskTest::isTable)
                  .toList();
        };
    return kind == Kind.NEWEST_SEGMENT ? candidates.getLast() : candidates.getFirst();
  }

  private static boolean isTable(Path path) {
    return path.toString().endsWith(".sst");
  }

  /** Without the files that will be segments again. */
  private List<Path> segments() {
    return fixture.files("/commitlog/").stream()
        .filter(path -> !path.toString().endsWith(CommitLogFormat.STAGED))
        .toList();
  }

  private List<Path> segmentsWithRecords() throws IOException {
    List<Path> used = new ArrayList<>();
    for (Path path : segments()) {
      byte[] bytes = disk.readAll(path);
      if (ByteReader.intAt(bytes, CommitLogFormat.HEADER_BYTES) != 0) {
        used.add(path);
      }
    }
    return used;
  }

  /** A place within the part of a file. */
  private static int position(Kind kind, byte[] bytes) {
    int footer = bytes.length - SSTableFormat.FOOTER_BYTES;
    return switch (kind) {
      case SSTABLE_DATA -> 200;
      case SSTABLE_FILTER -> (int) ByteReader.longAt(bytes, footer) + 10;
      case SSTABLE_STATISTICS -> (int) ByteReader.longAt(bytes, footer + 12) + 10;
      case SSTABLE_INDEX -> (int) ByteReader.longAt(bytes, footer + 24) + 10;
      case SSTABLE_FOOTER -> footer + 20;
      case OLDEST_SEGMENT, NEWEST_SEGMENT -> 700;
      case TABLE_MANIFEST, SNAPSHOT_MANIFEST -> bytes.length / 2;
    };
  }

  private void harm(Kind kind, Harm harm, Path file) throws IOException {
    byte[] bytes = disk.readAll(file);
    switch (harm) {
      case FLIPPED -> disk.flipBit(file, 8L * position(kind, bytes));
      case HALVED -> disk.cutOff(file, position(kind, bytes));
      case EMPTIED -> disk.cutOff(file, 0);
      case LOST -> disk.lose(file);
      case UNOPENED -> disk.fail(Operation.OPEN, file.toString());
      case UNREAD -> disk.fail(Operation.READ, file.toString());
    }
  }

  /** As it was before the harm. */
  private void mend(Path file, byte[] before) throws IOException {
    disk.heal();
    if (disk.exists(file)) {
      disk.delete(file);
    }
    try (StoredFile mended = disk.open(file, Mode.CREATE)) {
      mended.write(ByteBuffer.wrap(before), 0);
      mended.sync();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "SSTABLE_DATA, FLIPPED, REFUSES_READS",
    "SSTABLE_FILTER, FLIPPED, REFUSES_READS",
    "SSTABLE_STATISTICS, FLIPPED, REFUSES_READS",
    "SSTABLE_INDEX, FLIPPED, REFUSES_READS",
    "SSTABLE_FOOTER, FLIPPED, REFUSES_READS",
    "SSTABLE_DATA, HALVED, REFUSES_READS",
    "SSTABLE_DATA, EMPTIED, REFUSES_READS",
    "SSTABLE_DATA, LOST, REFUSES_READS",
    "SSTABLE_DATA, UNOPENED, STOPS",
    "SSTABLE_DATA, UNREAD, STOPS",
    "TABLE_MANIFEST, FLIPPED, STOPS",
    "TABLE_MANIFEST, HALVED, STOPS",
    "TABLE_MANIFEST, EMPTIED, STOPS",
    "TABLE_MANIFEST, LOST, STOPS",
    "TABLE_MANIFEST, UNOPENED, STOPS",
    "TABLE_MANIFEST, UNREAD, STOPS",
    "OLDEST_SEGMENT, FLIPPED, REPORTS_LOSS",
    "OLDEST_SEGMENT, HALVED, REPORTS_LOSS",
    "OLDEST_SEGMENT, EMPTIED, REPORTS_LOSS",
    "OLDEST_SEGMENT, UNOPENED, STOPS",
    "OLDEST_SEGMENT, UNREAD, STOPS",
    "NEWEST_SEGMENT, FLIPPED, REPORTS_LOSS",
    "NEWEST_SEGMENT, HALVED, REPORTS_LOSS",
    "NEWEST_SEGMENT, EMPTIED, REPORTS_LOSS",
    "NEWEST_SEGMENT, UNOPENED, STOPS",
    "NEWEST_SEGMENT, UNREAD, STOPS",
    "SNAPSHOT_MANIFEST, FLIPPED, SERVES",
    "SNAPSHOT_MANIFEST, HALVED, SERVES",
    "SNAPSHOT_MANIFEST, EMPTIED, SERVES",
    "SNAPSHOT_MANIFEST, LOST, SERVES",
    "SNAPSHOT_MANIFEST, UNOPENED, SERVES",
    "SNAPSHOT_MANIFEST, UNREAD, SERVES",
  })
  void atStart(Kind kind, Harm harm, Outcome expected) throws IOException {
    fixture.host.kill();
    Path file = file(kind);
    byte[] before = disk.readAll(file);
    harm(kind, harm, file);
    if (expected == Outcome.STOPS) {
      assertThatThrownBy(fixture::reopen)
          .isInstanceOf(IOException.class)
          .hasMessageContaining(file.toString());
      fixture.host.kill();
      mend(file, before);
      fixture.reopen();
      assertThat(refusedReads(TABLE)).as("a start that failed has changed nothing").isZero();
      assertThat(refusedReads(OTHER)).isZero();
      return;
    }
    fixture.reopen();
    if (expected == Outcome.REPORTS_LOSS) {
      assertThat(fixture.events.damaged).singleElement().asString().contains(file.toString());
      assertThat(fixture.engine.setAsideRecords()).isPositive();
      rows(TABLE).forEach((key, possible) -> possible.add(acknowledgedFirst(key)));
    }
    assertThat(refusedReads(TABLE) > 0).isEqualTo(expected == Outcome.REFUSES_READS);
    assertThat(refusedReads(OTHER)).as("another table is not touched").isZero();
    fixture.world.runFor(SECOND);
    assertThat(fixture.events.quarantined)
        .hasSize(expected == Outcome.REFUSES_READS ? 1 : 0)
        .allMatch(line -> line.contains(file.toString()));
    int refused = refusedReads(TABLE);
    putAcknowledged(TABLE, "key1");
    fixture.host.crash();
    fixture.reopen();
    assertThat(refusedReads(TABLE)).as("it stays so").isEqualTo(refused);
    disk.heal();
  }

  /** What the SSTable holds: the first values of the first table were written first of all. */
  private static String acknowledgedFirst(String key) {
    return key.substring("key".length()) + "-" + "x".repeat(1_000);
  }

  @ParameterizedTest
  @EnumSource(names = {"FLIPPED", "HALVED", "EMPTIED", "LOST", "UNREAD"})
  void anSstableWhileItIsRead(Harm harm) throws IOException {
    fixture.succeed(done -> fixture.engine.flush(TABLE, done));
    Path file = file(Kind.SSTABLE_DATA);
    harm(Kind.SSTABLE_DATA, harm, file);
    int refused = refusedReads(TABLE);
    fixture.world.runFor(SECOND);
    // A file that has lost its name is still open.
    assertThat(refused > 0).isEqualTo(harm != Harm.LOST);
    boolean damaged = harm != Harm.LOST && harm != Harm.UNREAD;
    assertThat(fixture.events.quarantined).hasSize(damaged ? 1 : 0);
    assertThat(refusedReads(OTHER)).isZero();
    disk.heal();
    assertThat(refusedReads(TABLE) > 0).as("an error is no proof of damage").isEqualTo(damaged);
  }

  @ParameterizedTest
  @CsvSource({
    "OPEN, /tables/",
    "OPEN, /commitlog",
    "OPEN, /snapshots",
    "READ, .sst",
    "READ, /commitlog",
    "READ, MANIFEST",
    "WRITE, /tables/",
    "WRITE, .sst",
    "WRITE, MANIFEST",
    "WRITE, /commitlog",
    "WRITE, /snapshots",
    "SYNC, /tables/",
    "SYNC, .sst",
    "SYNC, MANIFEST",
    "SYNC, /commitlog",
    "SYNC, /snapshots",
    "RENAME, .sst",
    "RENAME, MANIFEST",
    "RENAME, /commitlog",
    "RENAME, /snapshots",
    "RENAME, /quarantine",
    "DELETE, .sst",
    "DELETE, MANIFEST",
    "DELETE, /commitlog",
    "DELETE, /snapshots",
  })
  void anErrorWhileItRuns(Operation operation, String part) throws IOException {
    disk.fail(operation, part);
    doEverything();
    boolean poisoned = !fixture.events.poisoned.isEmpty();
    assertThat(poisoned).isEqualTo(operation == Operation.SYNC && part.equals("/commitlog"));
    disk.heal();
    fixture.world.runFor(10 * SECOND);
    if (poisoned) {
      fixture.host.kill();
      fixture.reopen();
    }
    allIsWell(operation == Operation.DELETE);
  }

  @ParameterizedTest
  @CsvSource({
    "OPEN, /data",
    "OPEN, /tables",
    "OPEN, /commitlog",
    "OPEN, /snapshots",
    "READ, .sst",
    "READ, /commitlog",
    "READ, MANIFEST",
    "WRITE, /lock",
    "WRITE, /tables/",
    "WRITE, /commitlog",
    "WRITE, /quarantine",
    "SYNC, /tables/",
    "SYNC, /commitlog",
    "RENAME, .sst",
    "RENAME, MANIFEST",
    "RENAME, /commitlog",
    "RENAME, /quarantine",
    "DELETE, .sst",
    "DELETE, MANIFEST",
    "DELETE, /commitlog",
    "DELETE, /snapshots",
  })
  void anErrorWhileItStarts(Operation operation, String part) throws IOException {
    fixture.host.kill();
    // What an interrupted flush and an interrupted snapshot left is to be removed.
    Path orphan = DIRECTORY.resolve("tables").resolve(TABLE.toString()).resolve("99.sst");
    disk.open(orphan, Mode.CREATE).close();
    Path manifest = file(Kind.SNAPSHOT_MANIFEST);
    disk.lose(manifest);
    disk.open(manifest.resolveSibling("UNFINISHED"), Mode.CREATE).close();
    disk.fail(operation, part);
    try {
      fixture.reopen();
      assertThat(refusedReads(OTHER) + refusedReads(TABLE) > 0)
          .isEqualTo(operation == Operation.READ);
    } catch (IOException e) {
      assertThat(e).hasMessageContaining(DIRECTORY.toString()).hasMessageContaining("Input/output");
      boolean remnant = operation == Operation.DELETE && !part.equals("/commitlog");
      assertThat(remnant).as("a remnant does not keep it from starting").isFalse();
    }
    disk.heal();
    fixture.host.kill();
    fixture.reopen();
    assertThat(fixture.files("/snapshots/monday")).as("what is left of it").isEmpty();
    allIsWell(false);
  }

  @Test
  void aSnapshotThatHasLostItsManifestIsKeptForWhoeverCanReadIt() throws IOException {
    List<Path> files = fixture.files("/snapshots/monday");
    Path manifest = file(Kind.SNAPSHOT_MANIFEST);
    fixture.host.kill();
    disk.lose(manifest);
    fixture.reopen();
    fixture.world.runFor(SECOND);
    assertThat(fixture.files("/snapshots/monday")).hasSize(files.size() - 1);
    List<Snapshots.Listed> listed = new ArrayList<>();
    fixture.succeed(done ->
        fixture
            .engine
            .snapshots()
            .list(
                new Snapshots.Answer<List<Snapshots.Listed>>() {
                  @Override
                  public void succeeded(List<Snapshots.Listed> value) {
                    listed.addAll(value);
                    done.accept(null);
                  }

                  @Override
                  public void failed(IOException why) {
                    done.accept(why);
                  }
                }));
    assertThat(listed).singleElement().satisfies(one -> assertThat(one.manifest()).isNull());
  }

  @ParameterizedTest
  @EnumSource(names = {"SYNC", "RENAME"})
  void anArchiveThatTakesNothing(Operation operation) throws IOException {
    fixture.host.kill();
    fixture.reopenWith(UNCACHED.withArchiveDirectory(Path.of("/archive")));
    disk.fail(operation, "/archive");
    doEverything();
    assertThat(figures().segmentsToArchive()).isPositive();
    assertThat(fixture.events.failed).anyMatch(line -> line.startsWith("archiving "));
    int kept = segments().size();
    assertThat(kept).isGreaterThan(figures().segmentsToArchive());
    disk.heal();
    fixture.world.runFor(30 * SECOND);
    assertThat(figures().segmentsToArchive()).isZero();
    assertThat(fixture.files("/archive/").size()).isGreaterThan(kept / 2);
    allIsWell(false);
  }

  private StorageFigures figures() {
    List<StorageFigures> answer = new ArrayList<>();
    fixture.succeed(done ->
        fixture.engine.figures(figures -> {
          answer.add(figures);
          done.accept(null);
        }));
    return answer.getFirst();
  }

  @Test
  void aFullDiskWhileItRuns() throws IOException {
    disk.capacity(1);
    doEverything();
    assertThat(fixture.put(TABLE, "key1", "y".repeat(1_000)))
        .isInstanceOf(ApplyOutcome.Unavailable.class);
    possible(TABLE, "key1").add("y".repeat(1_000));
    assertThat(fixture.engine.writeRefusal()).contains("the disk is full");
    assertThat(fixture.engine.flushFailure()).contains("No space left");
    assertThat(fixture.events.refused).as("it is not said again and again").hasSize(1);
    disk.capacity(Long.MAX_VALUE);
    fixture.world.runFor(10 * SECOND);
    assertThat(fixture.engine.writeRefusal()).as("nobody had to write to find out").isNull();
    assertThat(fixture.engine.flushFailure()).isNull();
    assertThat(fixture.events.accepted).isEqualTo(1);
    allIsWell(false);
  }

  @Test
  void aDiskThatIsReadOnlyWhileItRuns() throws IOException {
    disk.readOnly(true);
    doEverything();
    assertThat(refusedReads(TABLE)).as("what is there is read").isZero();
    assertThat(fixture.engine.writeRefusal()).contains("Read-only file system");
    fixture.host.kill();
    assertThatThrownBy(fixture::reopen).hasMessageContaining("/data/lock: Read-only file system");
    fixture.host.kill();
    disk.readOnly(false);
    fixture.reopen();
    allIsWell(false);
  }

  /** What a node does in its life, whether it works or not. */
  private void doEverything() {
    for (int round = 0; round < 3; round++) {
      for (int i = 0; i < KEYS; i++) {
        put(TABLE, "key" + i);
        put(OTHER, "key" + i);
      }
      fixture.run(done -> fixture.engine.flush(TABLE, done));
      refusedReads(TABLE);
      refusedReads(OTHER);
      fixture.run(done -> fixture.engine.maintenance().compact(TABLE, done));
      trySnapshot("round" + round);
      fixture.world.runFor(SECOND);
    }
  }

  private void trySnapshot(String name) {
    IOException failure = fixture.trySnapshot(name);
    if (failure != null) {
      assertThat(failure).hasMessageContaining(DIRECTORY.toString());
    }
  }

  /**
   * Nothing is refused, all works, and nothing is left behind.
   *
   * @param undeletable what could not be deleted may be there until the next start
   */
  private void allIsWell(boolean undeletable) throws IOException {
    for (int start = 0; start < 2; start++) {
      assertThat(refusedReads(TABLE)).isZero();
      assertThat(refusedReads(OTHER)).isZero();
      for (int i = 0; i < KEYS; i++) {
        putAcknowledged(TABLE, "key" + i);
      }
      for (UUID table : List.of(TABLE, OTHER)) {
        fixture.succeed(done -> fixture.engine.flush(table, done));
        fixture.succeed(done -> fixture.engine.maintenance().compact(table, done));
      }
      fixture.snapshot("well" + start);
      fixture.world.runFor(SECOND);
      if (start > 0 || !undeletable) {
        assertThat(fixture.files("/tables/").stream().filter(BadDiskTest::isTable)).hasSize(2);
        assertThat(fixture.files(".tmp")).isEmpty();
        assertThat(segments()).hasSizeLessThanOrEqualTo(3);
      }
      assertThat(fixture.events.quarantined).isEmpty();
      fixture.host.crash();
      fixture.reopen();
    }
    assertThat(refusedReads(TABLE)).isZero();
    assertThat(refusedReads(OTHER)).isZero();
    assertThat(fixture.events.damaged).isEmpty();
  }
}
