package io.quorate.sstable;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.FileSystem;
import io.quorate.environment.simulated.SimulatedWorld;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Does random operations to a {@link CrashingEngine} and to a {@link ModelTable}, and compares what
 * they answer.
 */
final class EngineModel {
  private static final UUID HOST = new UUID(5, 5);

  private final Random random;
  private final String name;
  private final RandomOptions randomOptions;
  private final RandomFragments fragments;
  private final boolean exact;
  private final boolean damaging;
  private final CrashingEngine tested;
  private final ModelTable model = new ModelTable();
  private UUID tableId = new UUID(0x51, 0x52);
  private long truncations;
  private TableSettings settings;

  /** What stands in the last snapshot that was made, when there is one. */
  private Map<RangePosition, List<byte[]>> kept = Map.of();

  private int snapshots;
  private boolean keptIsWhole;

  /** What a run compares, and what is broken in it on purpose. */
  record Setting(
      boolean exact,
      boolean damaging,
      boolean roomyCache,
      UnaryOperator<FileSystem> disk,
      Consumer<StorageEngine> prepare) {

    /** Compares bytes, tombstones included. */
    static final Setting EXACT = new Setting(true, false, false, files -> files, engine -> {});

    /** Compares what a client would see, while tombstones are purged as early as can be. */
    static final Setting PURGING = new Setting(false, false, false, files -> files, engine -> {});

    /** Bits of SSTables flip: reads and background work may then fail, but never lie. */
    static final Setting DAMAGING = new Setting(true, true, false, files -> files, engine -> {});

    /** With a cache that evicts nothing, which alone is the same in every run. */
    Setting withRoomyCache() {
      return new Setting(exact, damaging, true, disk, prepare);
    }

    Setting on(UnaryOperator<FileSystem> otherDisk) {
      return new Setting(exact, damaging, roomyCache, otherDisk, prepare);
    }

    /** With something done to each engine that is started. */
    Setting with(Consumer<StorageEngine> change) {
      return new Setting(exact, damaging, roomyCache, disk, change);
    }
  }

  EngineModel(long seed, Setting setting) throws IOException {
    this.random = new Random(seed);
    this.name = "seed " + seed;
    this.exact = setting.exact;
    this.damaging = setting.damaging;
    this.randomOptions = new RandomOptions(random, !exact);
    this.fragments = new RandomFragments(seed, 6);
    if (exact) {
      fragments.withBaseSeconds(4_000_000_000L);
    } else {
      fragments.withMonotoneTimestamps();
    }
    this.tested =
        new CrashingEngine(
            seed,
            random,
            randomOptions,
            setting.roomyCache,
            setting.damaging,
            setting.disk,
            setting.prepare);
    this.settings = randomOptions.table();
    createTable();
  }

  SimulatedWorld world() {
    return tested.world;
  }

  int failedReads() {
    return tested.failedReads;
  }

  void run(int steps) throws IOException {
    for (int i = 0; i < steps; i++) {
      step();
      if (!tested.isUp()) {
        restart();
      }
    }
    crash();
    checkEverything();
    checkRange();
  }

  private void step() throws IOException {
    switch (random.nextInt(32)) {
      case 0 -> tested.awaitOrGoOn(done -> tested.engine.flush(tableId, done));
      case 1 -> maintain();
      case 2 -> crash();
      case 3 -> tested.host.disk().losePowerAt(1 + random.nextInt(60));
      case 4 -> checkRange();
      case 5 -> {
        if (damaging) {
          tested.flipABit();
        } else if (random.nextInt(4) == 0) {
          empty();
        }
      }
      case 6 -> keepOrBringBack();
      case 13 -> tested.world.runFor(random.nextInt(1_500_000_000));
      case 14 -> {
        if (!exact) {
          deleteBeforeWriting();
        }
      }
      case 7, 8, 9, 10, 11, 12 -> checkPartition(randomPosition());
      default -> apply(1 + random.nextInt(8));
    }
  }

  private void maintain() {
    Maintenance maintenance = tested.engine.maintenance();
    switch (random.nextInt(8)) {
      case 0 -> tested.awaitOrGoOn(done -> maintenance.verify(tableId, done));
      case 1 -> tested.awaitOrGoOn(done -> maintenance.upgrade(tableId, done));
      case 2, 3 -> tested.awaitOrGoOn(done -> maintenance.scrub(tableId, done));
      case 4 -> {
        settings = randomOptions.table();
        tested.awaitOrGoOn(done -> tested.engine.alterTable(tableId, settings, done));
      }
      case 5 -> tested.events.begun.forEach(StorageTask::cancel);
      default -> tested.awaitOrGoOn(done -> maintenance.compact(tableId, done));
    }
  }

  // ---- writes ----

  private RangePosition randomPosition() {
    // The least, the greatest and some tokens between; few keys.
    long token = random.nextInt(12) * 0x1555_5555_5555_5555L + Long.MIN_VALUE;
    byte[] key = new byte[1 + random.nextInt(2)];
    key[0] = (byte) random.nextInt(3);
    return new RangePosition(token, key, RowKeys.LOWEST);
  }

  private FragmentWriter fragmentAt(RangePosition at) {
    return new FragmentWriter().begin(tableId, at.token(), at.key());
  }

  /** A write of which it is not known from now on whether it took effect. */
  private CrashingEngine.Write writeAt(RangePosition at, FragmentWriter fragment) {
    Mutation mutation = Mutation.of(fragment.finish());
    ModelTable.Partition partition = model.at(at);
    partition.unknown.add(mutation);
    return new CrashingEngine.Write(mutation, partition);
  }

  private void apply(int count) {
    if (!exact) {
      // Some of it has expired, some does soon.
      fragments.withBaseSeconds(tested.nowSeconds() - 3);
    }
    List<CrashingEngine.Write> writes = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      RangePosition at = randomPosition();
      FragmentWriter fragment = fragmentAt(at);
      fragments.write(fragment);
      writes.add(writeAt(at, fragment));
    }
    tested.apply(writes);
  }

  /**
   * A deletion overtakes the write that it deletes: it stands in an SSTable, the write in a
   * memtable, when its time to be purged has come.
   */
  private void deleteBeforeWriting() {
    RangePosition at = randomPosition();
    long writeMicros = fragments.nextTimestamp();
    long deletedSeconds = tested.nowSeconds() + 1;
    FragmentWriter deletion =
        fragmentAt(at).partitionDeletion(fragments.nextTimestamp(), deletedSeconds);
    tested.apply(List.of(writeAt(at, deletion)));
    if (!tested.isUp() || !tested.await(done -> tested.engine.flush(tableId, done))) {
      return;
    }
    FragmentWriter late =
        fragmentAt(at)
            .beginRow(RandomFragments.rowKey(1))
            .rowLiveness(writeMicros)
            .cell(1, null, writeMicros, new byte[] {9})
            .endRow();
    tested.apply(List.of(writeAt(at, late)));
    boolean inTime = tested.isUp() && tested.nowSeconds() <= deletedSeconds;
    if (inTime) {
      tested.world.runFor(5_000_000_000L);
      if (tested.await(done -> tested.engine.maintenance().compact(tableId, done))) {
        byte[] found = readAll(at);
        if (found != null) {
          assertSame(found, model.at(at).merged(), false, "a late write");
        }
      }
    }
    if (!tested.isUp()) {
      restartUnchecked();
    }
    if (!inTime) {
      // The deletion may have been purged before the write came, which stays then.
      truncate();
    }
  }

  // ---- tables and snapshots ----

  private void createTable() {
    tested.await(done -> tested.engine.createTable(tableId, settings, done));
  }

  /** Truncates the table, or drops it and makes another. */
  private void empty() {
    if (random.nextInt(3) > 0) {
      truncate();
      return;
    }
    UUID dropped = tableId;
    tableId = new UUID(0x51, tableId.getLeastSignificantBits() + 1);
    model.clear();
    keptIsWhole = false;
    if (tested.await(done -> tested.engine.dropTable(dropped, done))) {
      createTable();
    }
  }

  private void truncate() {
    // Done or not when the power goes: what follows starts from a truncation that is known.
    long epoch = ++truncations;
    while (!tested.await(done -> tested.engine.truncate(tableId, epoch, done))) {
      restartUnchecked();
    }
    model.clear();
  }

  private void keepOrBringBack() {
    if (!keptIsWhole || random.nextInt(3) == 0) {
      keep();
    } else {
      bringBack();
    }
  }

  /** Makes a snapshot, and lets the one before go. */
  private void keep() {
    boolean hadOne = keptIsWhole;
    String before = "s" + snapshots;
    String next = "s" + ++snapshots;
    Map<RangePosition, List<byte[]>> now = model.kept();
    SnapshotManifest.Origin origin =
        new SnapshotManifest.Origin(HOST, "test", 1, List.of(), List.of(), "");
    Snapshots.Request request =
        new Snapshots.Request(
            next, "", 0, 0, origin, Map.of(tableId, new Snapshots.Named("ks.t", "")));
    keptIsWhole =
        tested.<SnapshotManifest>succeeds(
            answer -> tested.engine.snapshots().create(request, answer));
    kept = now;
    if (keptIsWhole && hadOne) {
      tested.<String>succeeds(answer -> tested.engine.snapshots().clear(before, answer));
    }
  }

  /** Exports the snapshot and imports it, often into the table emptied before. */
  private void bringBack() {
    String snapshot = "s" + snapshots;
    Path directory = Path.of("/export");
    boolean exported =
        tested.<SnapshotExport.Exported>succeeds(
            answer -> tested.engine.snapshots().export(snapshot, directory, null, answer));
    if (!exported) {
      return;
    }
    // A tombstone that was purged may be missing to rows that come back: then only what is empty.
    if (!exact || random.nextBoolean()) {
      truncate();
    }
    SnapshotImport.Target target = new SnapshotImport.Target(tableId, "", List.of(TokenRange.ALL));
    SnapshotImport.Request request =
        new SnapshotImport.Request(directory, snapshot, any -> true, any -> target);
    boolean imported =
        tested.<SnapshotImport.Imported>succeeds(
            answer -> tested.engine.snapshots().importFrom(request, answer));
    if (imported) {
      model.bringBack(kept);
    } else if (!tested.isUp()) {
      restartUnchecked();
      truncate();
    }
  }

  // ---- crashes ----

  private void crash() throws IOException {
    tested.host.crash();
    restart();
  }

  private void restartUnchecked() {
    tested.restart();
    createTable();
  }

  private void restart() throws IOException {
    restartUnchecked();
    checkEverything();
    if (exact) {
      writeUnknownOnceMore();
    } else {
      takeWhatIsFound();
    }
  }

  /** Which must do no harm; it is known from then on. */
  private void writeUnknownOnceMore() {
    List<CrashingEngine.Write> writes = new ArrayList<>();
    for (ModelTable.Partition partition : model.partitions().values()) {
      partition.unknown.forEach(m -> writes.add(new CrashingEngine.Write(m, partition)));
    }
    tested.apply(writes);
    assertThat(tested.isUp()).as(name).isTrue();
  }

  /** An old timestamp may come too late for a tombstone that was purged: it is read instead. */
  private void takeWhatIsFound() {
    model
        .partitions()
        .forEach((at, partition) -> {
          partition.unknown.clear();
          partition.acknowledged.clear();
          byte[] found = readAll(at);
          if (found != null) {
            partition.acknowledged.add(found);
          }
        });
  }

  // ---- checks ----

  private byte @Nullable [] readAll(RangePosition at) {
    ReadLimits all = ReadLimits.all(RowMerger.NEVER_SECONDS);
    ReadResult result = tested.readToEnd(tableId, at, all);
    // A power loss that was planned may come while this waits for the answer.
    assertThat(result != null || damaging || !tested.isUp()).as(name).isTrue();
    return result == null ? null : result.fragment();
  }

  private void assertSame(byte[] found, byte[] expected, boolean bytes, String what) {
    if (bytes) {
      assertThat(found).as(name + ": " + what).isEqualTo(expected);
    } else {
      long now = tested.nowSeconds();
      assertThat(ModelTable.visible(found, now))
          .as(name + ": " + what)
          .isEqualTo(ModelTable.visible(expected, now));
    }
  }

  /** Every acknowledged update is there, and nothing is there that was never written. */
  private void checkEverything() {
    model
        .partitions()
        .forEach((at, partition) -> {
          byte[] found = readAll(at);
          if (found != null) {
            String what = "after a restart, token " + at.token();
            assertSame(partition.completed(found), partition.merged(), exact, what);
          }
        });
  }

  private ReadLimits randomLimits() {
    int from = random.nextInt(6);
    int to = from + 1 + random.nextInt(6 - from);
    byte[] row = RandomFragments.rowKey(from);
    List<Slice> slices =
        switch (random.nextInt(4)) {
          case 0 -> List.of(Slice.ALL);
          case 1 -> List.of(new Slice(row, RandomFragments.rowKey(to)));
          case 2 -> List.of(new Slice(row, RowKeys.after(row, 0, row.length)));
          default ->
              List.of(
                  new Slice(RowKeys.LOWEST, row),
                  new Slice(RandomFragments.rowKey(to), RowKeys.HIGHEST));
        };
    int limit = random.nextBoolean() ? Integer.MAX_VALUE : 1 + random.nextInt(4);
    return new ReadLimits(
        slices, random.nextBoolean(), random.nextBoolean(), limit, tested.nowSeconds());
  }

  private void checkPartition(RangePosition at) {
    ReadLimits limits = randomLimits();
    ReadResult result = tested.readToEnd(tableId, at, limits);
    if (result == null) {
      return;
    }
    ModelTable.Partition partition =
        model.partitions().getOrDefault(at, new ModelTable.Partition());
    ReadResult expected = partition.limited(limits);
    assertSame(result.fragment(), expected.fragment(), exact, limits.toString());
    assertThat(result.liveRows()).as(name).isEqualTo(expected.liveRows());
    if (exact) {
      assertThat(result.cut()).as(name).isEqualTo(expected.cut());
    }
  }

  /** Pages through the table or a part of it, shard by shard, and compares with the model. */
  private void checkRange() {
    int pageRows = random.nextBoolean() ? Integer.MAX_VALUE : 1 + random.nextInt(5);
    int partitionRows = random.nextBoolean() ? Integer.MAX_VALUE : 1 + random.nextInt(3);
    int pageBytes = 1 << (4 + random.nextInt(14));
    long first = random.nextBoolean() ? Long.MIN_VALUE : randomPosition().token();
    long last = random.nextBoolean() ? Long.MAX_VALUE : randomPosition().token();
    ReadLimits limits =
        new ReadLimits(List.of(Slice.ALL), true, false, pageRows, tested.nowSeconds());
    Map<RangePosition, List<byte[]>> found = new TreeMap<>();
    for (int shard = 0; shard < tested.environment.shards().count(); shard++) {
      RangePosition from = RangePosition.startOf(Math.max(first, tested.engine.firstToken(shard)));
      while (from != null && from.token() <= Math.min(last, tested.engine.lastToken(shard))) {
        RangeCommand command =
            new RangeCommand(tableId, from, last, limits, partitionRows, pageBytes);
        RangePage page = tested.readPage(shard, command);
        if (page == null) {
          return;
        }
        collect(page, found);
        RangePosition resume = page.resume();
        assertThat(resume == null || resume.compareTo(from) > 0).as(name).isTrue();
        from = resume;
      }
    }
    ReadLimits each =
        new ReadLimits(List.of(Slice.ALL), true, false, partitionRows, limits.nowSeconds());
    model
        .partitions()
        .forEach((at, partition) -> {
          if (at.token() >= first && at.token() <= last) {
            // A partition that is cut by pages may come with a row more than is wanted of it.
            FragmentMerger pieces = new FragmentMerger().begin();
            List<byte[]> none = List.of();
            List<byte[]> some = found.remove(at);
            (some == null ? none : some).forEach(pieces::add);
            byte[] expected = partition.limited(each).fragment();
            boolean bytes = exact && partitionRows == Integer.MAX_VALUE;
            assertSame(pieces.merge(each).fragment(), expected, bytes, "range");
          }
        });
    assertThat(found).as(name + ": partitions that are not there").isEmpty();
  }

  private static void collect(RangePage page, Map<RangePosition, List<byte[]>> found) {
    ByteReader in = new ByteReader();
    in.over(page.partitions(), 0, page.partitions().length);
    while (in.hasRemaining()) {
      long token = in.readLong();
      byte[] key = in.readBytes(in.readUnsignedShort());
      byte[] fragment = in.readBytes(in.readInt());
      FragmentValidator.validate(fragment, 0, fragment.length);
      found
          .computeIfAbsent(new RangePosition(token, key, RowKeys.LOWEST), at -> new ArrayList<>())
          .add(fragment);
    }
  }
}
